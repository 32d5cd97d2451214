# SPDX-License-Identifier: Apache-2.0
"""Writes H.264 streams that no encoder at hand makes. Usage: make_rare.py FOLDER

paff.mkv, paff.h264   field pairs and frames by turns (PAFF), some of them not referred to; one block holds both fields
svc_t.mkv             three temporal layers, announced by prefix NAL units as cameras with SVC-T do

Sources: ITU-T H.264 (7.3, 8.2.4.2.5, G.7.3.1.1); Matroska (RFC 9559).
"""

import pathlib
import random
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

    def nal(self, ref_idc, kind):
        bits = "".join(self.text) + "1"
        bits += "0" * (-len(bits) % 8)
        raw = int(bits, 2).to_bytes(len(bits) // 8, "big")
        out, zeros = bytearray([ref_idc << 5 | kind]), 0
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
    for value in (0, 4, 0, 4, 2):  # id, frame_num of 8 bits, POC type, POC of 8 bits, reference frames
        sps.ue(value)
    sps.u(0), sps.ue(WIDE - 1), sps.ue(HIGH // 2 - 1)
    sps.u(0), sps.u(0), sps.u(1), sps.u(0), sps.u(1)  # fields allowed, no MBAFF, direct 8x8, no cropping, VUI
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
    """One slice: a frame, or one field of it (field is "top" or "bottom"), of I_PCM and skipped macroblocks."""
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
    for number in range(count):
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
        same = dict(ref_idc=ref_idc, frame_num=frame_num)
        if number % 5 == 3:
            yield [picture(draw, idr=start, intra=start, poc=2 * in_group, field=None, **same)]
        else:
            yield [picture(draw, idr=start, intra=start, poc=2 * in_group, field="top", **same),
                   picture(draw, idr=False, intra=start, poc=2 * in_group + 1, field="bottom", **same)]
        frame_num += ref_idc > 0
        in_group += 1


def element(name, content):
    if isinstance(content, int):
        content = content.to_bytes(max(1, (content.bit_length() + 7) // 8), "big")
    return bytes.fromhex(name) + struct.pack(">Q", 1 << 56 | len(content)) + content


def write_mkv(path, sps, pps, size, blocks):
    """@param blocks  (milliseconds, keyframe, NAL units), in decoding order."""
    avcc = bytes([1, sps[1], sps[2], sps[3], 0xff, 0xe1]) + struct.pack(">H", len(sps)) + sps + b"\1" + struct.pack(">H", len(pps)) + pps
    track = (element("D7", 1) + element("73C5", 1) + element("83", 1) + element("86", b"V_MPEG4/ISO/AVC") + element("63A2", avcc)
             + element("E0", element("B0", size[0]) + element("BA", size[1])))
    segment = element("1549A966", element("2AD7B1", 1000000)) + element("1654AE6B", element("AE", track))
    clusters, start = [], None
    for ms, key, nals in blocks:
        if key:
            start = ms
            clusters.append(element("E7", ms))
        data = b"".join(struct.pack(">I", len(nal)) + nal for nal in nals)
        clusters[-1] += element("A3", b"\x81" + struct.pack(">h", ms - start) + (b"\x80" if key else b"\0") + data)
    header = element("1A45DFA3", element("4282", b"matroska") + element("4287", 4) + element("4285", 2))
    path.write_bytes(header + element("18538067", segment + b"".join(element("1F43B675", c) for c in clusters)))


def make_paff(folder):
    sps, pps = parameter_sets()
    frames = list(paff_pictures(150))
    write_mkv(folder / "paff.mkv", sps, pps, (WIDE * 16, HIGH * 16), [(round(1000 * n / 30), n % 24 == 0, nals) for n, nals in enumerate(frames)])
    start = b"\0\0\0\1"
    (folder / "paff.h264").write_bytes(b"".join((start + sps + start + pps if n % 24 == 0 else b"") + b"".join(start + nal for nal in nals)
                                                for n, nals in enumerate(frames)))


def golomb(bits):
    zeros = len(bits) - len(bits.lstrip("0"))
    return int(bits[zeros:2 * zeros + 1], 2) - 1, bits[2 * zeros + 1:]


def make_svc_t(folder):
    """x264's strict pyramid, its B-frames put into layers 1 and 2."""
    flat = folder / "partial-flat.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-t", "6", "-i", "testsrc2=s=320x180:r=30,noise=alls=12:allf=t:all_seed=7,format=yuv420p",
                    "-c:v", "libx264", "-preset", "veryfast", "-threads", "1", "-bf", "3", "-g", "48",
                    "-x264-params", "b-pyramid=strict:b-adapt=0:open-gop=0:scenecut=0", flat], check=True)
    probed = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "packet=pts_time,flags,size,pos", "-of", "csv=p=0", flat], capture_output=True, text=True, check=True)
    whole = flat.read_bytes()
    avcc = whole[whole.index(b"avcC") + 4:]
    length = int.from_bytes(avcc[6:8], "big")
    sps, rest = avcc[8:8 + length], avcc[8 + length + 1:]
    pps = rest[2:2 + int.from_bytes(rest[:2], "big")]
    blocks = []
    for line in probed.stdout.split():
        pts_s, size, at, flags = line.split(",")[:4]
        data, nals = whole[int(at):int(at) + int(size)], []
        while data:
            length = int.from_bytes(data[:4], "big")
            nal, data = data[4:4 + length], data[4 + length:]
            kind, ref_idc = nal[0] & 31, nal[0] >> 5 & 3
            if kind in (1, 5):
                slice_type = golomb(golomb("".join(f"{byte:08b}" for byte in nal[1:9]))[1])[0]
                layer = 0 if slice_type % 5 != 1 else 1 if ref_idc else 2
                prefix = bytes([ref_idc << 5 | 14, 0x80 | (kind == 5) << 6, 0x80, layer << 5 | 7])
                nals.append(prefix + (b"\x20" if ref_idc else b""))
            nals.append(nal)
        blocks.append((round(float(pts_s) * 1000), "K" in flags, nals))
    write_mkv(folder / "svc_t.mkv", sps, pps, (320, 180), blocks)
    flat.unlink()


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1])
    make_paff(target)
    make_svc_t(target)
