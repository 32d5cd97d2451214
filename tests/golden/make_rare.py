# SPDX-License-Identifier: Apache-2.0
"""Writes H.264 and HEVC streams that no encoder at hand makes. Usage: make_rare.py FOLDER

paff.mkv, paff.h264   field pairs and frames by turns (PAFF), some of them not referred to; one
                      block holds both fields
svc_t.mkv             three temporal layers, announced by prefix NAL units as cameras with SVC-T do
hevc_sets.mkv         reference picture sets in the sequence parameter set, predicted from each
                      other, as camera chips write them; sets that no list reaches are marked unused

Sources: ITU-T H.264 (7.3, 8.2.4.2.5, G.7.3.1.1); ITU-T H.265 (7.3.2.2, 7.3.6, 7.3.7, 7.4.8);
Matroska (RFC 9559).
"""

import pathlib
import random
import re
import struct
import subprocess
import sys


class Bits:
    def __init__(self):
        self.text = []

    def u(self, value, count=1):
        self.text.append(f"{value:0{count}b}")

    def ue(self, value):
        code = f"{value + 1:b}"
        self.text.append("0" * (len(code) - 1) + code)

    def bytes_aligned(self, data):
        length = sum(map(len, self.text))
        self.text.append("0" * (-length % 8))
        self.text.append("".join(f"{byte:08b}" for byte in data))

    def closed(self):
        """The bits, a one, and zeros up to a whole byte."""
        bits = "".join(self.text) + "1"
        bits += "0" * (-len(bits) % 8)
        return int("1" + bits, 2).to_bytes(len(bits) // 8 + 1, "big")[1:]

    def nal(self, ref_idc, kind):
        return bytes([ref_idc << 5 | kind]) + escaped(self.closed())


def escaped(raw):
    out, zeros = bytearray(), 0
    for byte in raw:
        if zeros >= 2 and byte <= 3:
            out.append(3)
            zeros = 0
        zeros = zeros + 1 if byte == 0 else 0
        out.append(byte)
    return bytes(out)


WIDE, HIGH = 5, 4  # macroblocks of a frame


def parameter_sets():
    sps = Bits()
    sps.u(77, 8), sps.u(0, 8), sps.u(30, 8)
    for value in (
        0,
        4,
        0,
        4,
        2,
    ):  # id, frame_num of 8 bits, POC type, POC of 8 bits, reference frames
        sps.ue(value)
    sps.u(0), sps.ue(WIDE - 1), sps.ue(HIGH // 2 - 1)
    (
        sps.u(0),
        sps.u(0),
        sps.u(1),
        sps.u(0),
        sps.u(1),
    )  # fields allowed, no MBAFF, direct 8x8, no cropping, VUI
    sps.u(0), sps.u(0), sps.u(0), sps.u(0)
    sps.u(1), sps.u(1, 32), sps.u(60, 32), sps.u(1)  # 60 fields a second
    sps.u(0), sps.u(0), sps.u(0), sps.u(0)
    pps = Bits()
    pps.ue(0), pps.ue(0), pps.u(0), pps.u(0), pps.ue(0), pps.ue(0), pps.ue(0)
    pps.u(0), pps.u(0, 2), pps.ue(0), pps.ue(0), pps.ue(0), pps.u(1), pps.u(0), pps.u(0)
    return sps.nal(3, 7), pps.nal(3, 8)


def macroblock(draw):
    base = draw.randrange(40, 200)
    return bytes(base + draw.randrange(16) for _ in range(384))


def picture(draw, *, idr, intra, ref_idc, frame_num, poc, field):
    """One slice of I_PCM and skipped macroblocks: a frame, or one field ("top" or "bottom")."""
    slice_ = Bits()
    slice_.ue(0), slice_.ue(7 if intra else 5), slice_.ue(0), slice_.u(frame_num % 256, 8)
    slice_.u(field is not None)
    if field:
        slice_.u(field == "bottom")
    if idr:
        slice_.ue(0)
    slice_.u(poc % 256, 8)
    if not intra:
        slice_.u(0), slice_.u(0)
    if ref_idc:
        slice_.u(0, 2) if idr else slice_.u(0)
    slice_.ue(0), slice_.ue(1)
    count = WIDE * HIGH // (2 if field else 1)
    skipped = 0
    for _number in range(count):
        if not intra and draw.random() < 0.8:
            skipped += 1
            continue
        if not intra:
            slice_.ue(skipped)
            skipped = 0
        slice_.ue(25 if intra else 30)
        slice_.bytes_aligned(macroblock(draw))
    if skipped:
        slice_.ue(skipped)
    return slice_.nal(ref_idc, 5 if idr else 1)


def paff_pictures(frames):
    """NAL units of each frame: two fields, or one frame."""
    draw = random.Random(1)
    frame_num, in_group = 0, 0
    for number in range(frames):
        start = number % 24 == 0
        if start:
            frame_num, in_group = 0, 0
        ref_idc = 0 if number % 2 else 2
        same = {"ref_idc": ref_idc, "frame_num": frame_num}
        if number % 5 == 3:
            yield [picture(draw, idr=start, intra=start, poc=2 * in_group, field=None, **same)]
        else:
            yield [
                picture(draw, idr=start, intra=start, poc=2 * in_group, field="top", **same),
                picture(draw, idr=False, intra=start, poc=2 * in_group + 1, field="bottom", **same),
            ]
        frame_num += ref_idc > 0
        in_group += 1


def element(name, content):
    if isinstance(content, int):
        content = content.to_bytes(max(1, (content.bit_length() + 7) // 8), "big")
    return bytes.fromhex(name) + struct.pack(">Q", 1 << 56 | len(content)) + content


def avcc_of(sps, pps):
    return (
        bytes([1, sps[1], sps[2], sps[3], 0xFF, 0xE1])
        + struct.pack(">H", len(sps))
        + sps
        + b"\1"
        + struct.pack(">H", len(pps))
        + pps
    )


def write_mkv(path, codec, configuration, size, blocks):
    """@param blocks  (milliseconds, keyframe, NAL units), in decoding order."""
    track = (
        element("D7", 1)
        + element("73C5", 1)
        + element("83", 1)
        + element("86", codec)
        + element("63A2", configuration)
        + element("E0", element("B0", size[0]) + element("BA", size[1]))
    )
    segment = element("1549A966", element("2AD7B1", 1000000)) + element(
        "1654AE6B", element("AE", track)
    )
    clusters, start = [], None
    for ms, key, nals in blocks:
        if key:
            start = ms
            clusters.append(element("E7", ms))
        data = b"".join(struct.pack(">I", len(nal)) + nal for nal in nals)
        clusters[-1] += element(
            "A3", b"\x81" + struct.pack(">h", ms - start) + (b"\x80" if key else b"\0") + data
        )
    header = element(
        "1A45DFA3", element("4282", b"matroska") + element("4287", 4) + element("4285", 2)
    )
    path.write_bytes(
        header + element("18538067", segment + b"".join(element("1F43B675", c) for c in clusters))
    )


def make_paff(folder):
    sps, pps = parameter_sets()
    frames = list(paff_pictures(150))
    write_mkv(
        folder / "paff.mkv",
        b"V_MPEG4/ISO/AVC",
        avcc_of(sps, pps),
        (WIDE * 16, HIGH * 16),
        [(round(1000 * n / 30), n % 24 == 0, nals) for n, nals in enumerate(frames)],
    )
    start = b"\0\0\0\1"
    (folder / "paff.h264").write_bytes(
        b"".join(
            (start + sps + start + pps if n % 24 == 0 else b"")
            + b"".join(start + nal for nal in nals)
            for n, nals in enumerate(frames)
        )
    )


def golomb(bits):
    zeros = len(bits) - len(bits.lstrip("0"))
    return int(bits[zeros : 2 * zeros + 1], 2) - 1, bits[2 * zeros + 1 :]


def encode(path, *options):
    picture = "testsrc2=s=320x180:r=30,noise=alls=12:allf=t:all_seed=7,format=yuv420p"
    subprocess.run(
        [*"ffmpeg -v error -nostdin -y -f lavfi -t 6 -i".split(), picture, *options, path],
        check=True,
    )


def packets(path):
    """(milliseconds, keyframe, NAL units) of each packet of an MP4, in decoding order."""
    probed = subprocess.run(
        [
            *"ffprobe -v error -show_entries packet=pts_time,flags,size,pos -of csv=p=0".split(),
            path,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    whole = path.read_bytes()
    for line in probed.stdout.split():
        pts_s, size, at, flags = line.split(",")[:4]
        data, nals = whole[int(at) : int(at) + int(size)], []
        while data:
            length = int.from_bytes(data[:4], "big")
            nals.append(data[4 : 4 + length])
            data = data[4 + length :]
        yield round(float(pts_s) * 1000), "K" in flags, nals


def box(path, name):
    whole = path.read_bytes()
    at = whole.index(name)
    return whole[at + 4 : at - 4 + int.from_bytes(whole[at - 4 : at], "big")]


def make_svc_t(folder):
    """x264's strict pyramid, its B-frames put into layers 1 and 2."""
    flat = folder / "partial-flat.mp4"
    encode(
        flat,
        *"-c:v libx264 -preset veryfast -threads 1 -bf 3 -g 48".split(),
        *"-x264-params b-pyramid=strict:b-adapt=0:open-gop=0:scenecut=0".split(),
    )
    blocks = []
    for ms, key, flat_nals in packets(flat):
        nals = []
        for nal in flat_nals:
            kind, ref_idc = nal[0] & 31, nal[0] >> 5 & 3
            if kind in (1, 5):
                slice_type = golomb(golomb("".join(f"{byte:08b}" for byte in nal[1:9]))[1])[0]
                layer = 0 if slice_type % 5 != 1 else 1 if ref_idc else 2
                prefix = bytes([ref_idc << 5 | 14, 0x80 | (kind == 5) << 6, 0x80, layer << 5 | 7])
                nals.append(prefix + (b"\x20" if ref_idc else b""))
            nals.append(nal)
        blocks.append((ms, key, nals))
    write_mkv(folder / "svc_t.mkv", b"V_MPEG4/ISO/AVC", box(flat, b"avcC"), (320, 180), blocks)
    flat.unlink()


def header_fields(path):
    """The fields (name, bits, value) of every NAL unit's header, as FFmpeg reads them."""
    traced = subprocess.run(
        [
            *"ffmpeg -v trace -nostdin -i".split(),
            path,
            *"-c copy -bsf:v trace_headers -f null -".split(),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    units = []
    for name, bits, value in re.findall(
        r"^\[trace_headers @ \w+\] \d+\s+(\S+)\s+([01]+) = (-?\d+)$", traced.stderr, re.M
    ):
        if name == "forbidden_zero_bit":
            units.append([])
        units[-1].append((name, bits, int(value)))
    return units


def reference_set(fields):
    """{distance: used} of a slice, without those outside its lists; {} without a set."""
    values = {name: value for name, _, value in fields}
    sides = []
    for letter, count, sign in (("0", "num_negative_pics", -1), ("1", "num_positive_pics", 1)):
        distance, side = 0, []
        for i in range(values.get(count, 0)):
            distance += sign * (values[f"delta_poc_s{letter}_minus1[{i}]"] + 1)
            side.append(distance)
        sides.append(side)
    before, after = sides
    reached = (before + after)[: values.get("num_ref_idx_l0_active_minus1", 0) + 1]
    if values["slice_type"] == 0:
        reached += (after + before)[: values.get("num_ref_idx_l1_active_minus1", 0) + 1]
    return {distance: distance in reached for distance in before + after}


def by_distance(set_):
    return sorted((d for d in set_ if d < 0), reverse=True) + sorted(d for d in set_ if d > 0)


def write_set(bits, set_, known, in_slice):
    """st_ref_pic_set(len(known)): predicted from the latest set that allows it."""
    ordered = by_distance(set_)
    if known:
        for back, other in enumerate(reversed(known) if in_slice else [known[-1]]):
            for shift in (1, -1, 2, -2, 3, -3, 4, -4):
                moved = [distance + shift for distance in by_distance(other)] + [shift]
                if set(ordered) <= set(moved):
                    bits.u(1)
                    if in_slice:
                        bits.ue(back)
                    bits.u(shift < 0), bits.ue(abs(shift) - 1)
                    for distance in moved:
                        used = set_.get(distance, False)
                        bits.u(used)
                        if not used:
                            bits.u(distance in set_)
                    return True
        bits.u(0)
    for side in ([d for d in ordered if d < 0], [d for d in ordered if d > 0]):
        bits.ue(len(side))
    for side in ([d for d in ordered if d < 0], [d for d in ordered if d > 0]):
        last = 0
        for distance in side:
            bits.ue(abs(distance - last) - 1), bits.u(set_[distance])
            last = distance
    return False


def rewrite(nal, fields, first_changed, first_kept, write):
    """Replaces a NAL unit's fields from one name up to another by the bits that `write` adds."""
    names = [name for name, _, _ in fields]
    start, stop = names.index(first_changed), names.index(first_kept)
    end = next(
        (i for i, name in enumerate(names) if name.startswith(("alignment_bit", "rbsp_stop"))),
        len(names),
    )
    bits = Bits()
    bits.text = [text for _, text, _ in fields[:start]]
    write(bits)
    bits.text += [text for _, text, _ in fields[stop:end]]
    header_bytes = (sum(len(text) for _, text, _ in fields[:end]) + 8) // 8
    raw = nal.replace(b"\0\0\3", b"\0\0")
    return escaped(bits.closed() + raw[header_bytes:])


def distinct(sets):
    """The sets without repetition, in order."""
    found = []
    for set_ in sets:
        if set_ not in found:
            found.append(set_)
    return found


def with_sets(record, units, known):
    """Adds reference picture sets to the sequence parameter set of a configuration record."""

    def set_in_sequence(bits):
        bits.ue(len(known))
        return sum(
            write_set(bits, set_, known[:number], in_slice=False)
            for number, set_ in enumerate(known)
        )

    sps_fields = next(fields for fields in units if fields[1][2] == 33)
    at = record.index(b"\x42\x01", 23)
    length = int.from_bytes(record[at - 2 : at], "big")
    sps = rewrite(
        record[at : at + length],
        sps_fields,
        "num_short_term_ref_pic_sets",
        "long_term_ref_pics_present_flag",
        set_in_sequence,
    )
    return record[: at - 2] + struct.pack(">H", len(sps)) + sps + record[at + length :]


def make_hevc_sets(folder):
    """x265's explicit sets, moved into the sequence parameter set, except for every third slice."""
    flat = folder / "partial-flat.mp4"
    encode(
        flat,
        *"-c:v libx265 -preset ultrafast -tag:v hvc1".split(),
        "-x265-params",
        "log-level=none:pools=none:frame-threads=1:bframes=4:ref=3:b-adapt=0:keyint=45:"
        "min-keyint=45:scenecut=0:weightp=0:wpp=0",
    )
    units = header_fields(flat)
    slices = [fields for fields in units if any(name == "slice_type" for name, _, _ in fields)]
    known = distinct(
        reference_set(fields)
        for fields in slices
        if any(name == "num_negative_pics" for name, _, _ in fields)
    )
    index_bits = (len(known) - 1).bit_length()

    record = with_sets(box(flat, b"hvcC"), units, known)
    blocks, remaining, count = [], iter(slices), 0
    for ms, key, nals in packets(flat):
        changed = []
        for nal in nals:
            if nal[0] >> 1 & 63 < 32:
                fields = next(remaining)
                if any(name == "num_negative_pics" for name, _, _ in fields):
                    set_, count = reference_set(fields), count + 1

                    def write(bits):
                        bits.u(count % 3 != 0)
                        if count % 3 == 0:
                            write_set(bits, set_, known, in_slice=True)
                        elif index_bits:
                            bits.u(known.index(set_), index_bits)

                    nal = rewrite(
                        nal,
                        fields,
                        "short_term_ref_pic_set_sps_flag",
                        "slice_temporal_mvp_enabled_flag",
                        write,
                    )
            changed.append(nal)
        blocks.append((ms, key, changed))
    write_mkv(folder / "hevc_sets.mkv", b"V_MPEGH/ISO/HEVC", record, (320, 180), blocks)
    flat.unlink()


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1])
    make_paff(target)
    make_svc_t(target)
    make_hevc_sets(target)
