# For gdb: stops in stop_here() of stopped-heap.c, and writes the bins of its two arenas and tcaches to the file $ARENAS_OUT,
# read from the process's memory, without symbols of glibc. The layout is that of glibc 2.32 to 2.41 on x86_64.
import json
import os
import struct

import gdb

FASTBINS, TOP, BINS, NEXT = 0x10, 0x60, 0x70, 0x870
SYSTEM_MEM = 0x888
MALLOC_STATE = 0x898


def word(address):
    return struct.unpack("<Q", bytes(gdb.selected_inferior().read_memory(address, 8)))[0]


def half(address):
    return struct.unpack("<H", bytes(gdb.selected_inferior().read_memory(address, 2)))[0]


def revealed(address):
    """PROTECT_PTR: a link is mangled with its own address."""
    return word(address) ^ (address >> 12)


def size_of(chunk):
    return word(chunk + 8) & ~7


def singly(first, to_link):
    """Chunks of a list from its head; to_link: from what the list points to up to the link in it."""
    chunks = []
    while first:
        chunks.append(first)
        first = revealed(first + to_link)
    return chunks


def arena(state):
    fastbins = {i: singly(word(state + FASTBINS + 8 * i), 16) for i in range(10)}
    bins = {}
    for i in range(1, 127):
        head = state + BINS + 16 * (i - 1) - 16
        chunk = word(head + 16)
        bins[i] = []
        while chunk != head:
            bins[i].append(chunk)
            chunk = word(chunk + 16)
    return {
        "address": state,
        "system": word(state + SYSTEM_MEM),
        "top": word(state + TOP),
        "topBytes": size_of(word(state + TOP)),
        "fastbins": {i: [[c, size_of(c)] for c in some] for i, some in fastbins.items() if some},
        "bins": {i: [[c, size_of(c)] for c in some] for i, some in bins.items() if some},
    }


def tcache(struct_chunk):
    user = struct_chunk + 16
    bins = {}
    for i in range(64):
        blocks = singly(word(user + 128 + 8 * i), 0)
        assert len(blocks) == half(user + 2 * i)
        if blocks:
            bins[i] = [[b - 16, size_of(b - 16)] for b in blocks]
    return {"address": struct_chunk, "size": size_of(struct_chunk), "bins": bins}


def heap_start():
    with open("/proc/%d/maps" % gdb.selected_inferior().pid) as maps:
        for line in maps:
            if line.rstrip().endswith("[heap]"):
                return int(line.split("-")[0], 16)


gdb.execute("set confirm off")
gdb.execute("set startup-with-shell off")
gdb.execute("set debuginfod enabled off")
for name in ("LD_PRELOAD", "MALLOG_OUT"):
    gdb.execute("set environment %s %s" % (name, os.environ["HOOKED_" + name]))
gdb.execute("break stop_here")
gdb.execute("run")
block = int(gdb.parse_and_eval("(unsigned long) worker_block"))
worker = word(block & ~(64 * 1024 * 1024 - 1))
# The list of the arenas is circular.
main = word(worker + NEXT)
first = (worker + MALLOC_STATE + 15) & ~15
with open(os.environ["ARENAS_OUT"], "w") as out:
    json.dump(
        {
            "arenas": [arena(main), arena(worker)],
            "tcaches": [tcache(heap_start()), tcache(first)],
        },
        out,
    )
gdb.execute("delete")
gdb.execute("continue")
