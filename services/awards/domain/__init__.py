"""Rules of awards, campaigns, exemplars, models and instruments; must not do I/O, read a clock or make an id."""

from services.awards.domain.award import Award, AwardFix, AwardStatus
from services.awards.domain.campaign import Campaign, CampaignStatus
from services.awards.domain.community_model import CommunityModel, CommunityModelStatus
from services.awards.domain.exemplar import Exemplar, ExemplarStatus
from services.awards.domain.legal_instrument import LegalInstrument, LegalInstrumentStatus

__all__ = [
    "Award",
    "AwardFix",
    "AwardStatus",
    "Campaign",
    "CampaignStatus",
    "CommunityModel",
    "CommunityModelStatus",
    "Exemplar",
    "ExemplarStatus",
    "LegalInstrument",
    "LegalInstrumentStatus",
]
