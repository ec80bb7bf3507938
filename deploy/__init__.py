"""Everything that runs the system and is no part of it: embedded servers, keys, demonstration data, images."""
