"""Pictures that reporters send: known by their content, freed of what they tell about whoever took them. Pure."""
