"""Empties the machine code of other GPUs in a CUDA library, so that it packs to a fifth.

    python3 prune.py LIBRARY ARCHITECTURE        in place; 90 is Hopper's

The library keeps its size; code in a fat binary begins with a header whose layout cuobjdump shows. The driver takes the code of
its own GPU's architecture and looks at no other.
"""

import struct
import sys

MAGIC = struct.pack("<I", 0xBA55ED50)
HEADER_BYTES = 16


def prune(data, keep):
    emptied = position = 0
    while (position := data.find(MAGIC, position)) >= 0:
        version, header, size = struct.unpack_from("<HHQ", data, position + 4)
        end = position + header + size
        if version != 1 or header != HEADER_BYTES or end > len(data):
            position += len(MAGIC)
            continue
        entry = position + header
        while entry < end:
            entry_header, entry_size = struct.unpack_from("<IQ", data, entry + 4)
            (architecture,) = struct.unpack_from("<I", data, entry + 28)
            code = entry + entry_header
            if architecture != keep:
                data[code : code + entry_size] = bytes(entry_size)
                emptied += entry_size
            entry = code + entry_size
        position = end
    return emptied


if __name__ == "__main__":
    library, keep = sys.argv[1], int(sys.argv[2])
    with open(library, "rb") as file:
        content = bytearray(file.read())
    print(f"{library}: {prune(content, keep) / 1e6:.0f} of {len(content) / 1e6:.0f} MB emptied")
    with open(library, "wb") as file:
        file.write(content)
