"""Writes the TIFF files of this folder with tifffile and libtiff's tiffcp.

usage: python3 generate.py    (see README.md for versions)

Every file holds the same image, 23 pixels wide and 17 high, in one of three
types; value(x, y, c) below says what a sample is, and so does the Go test that
reads the files. Each file is checked before it is kept: tiffcp must turn it
back into an uncompressed file in which tifffile finds the bits that went in.
"""
import os
import subprocess
import sys
import tempfile

import numpy as np
import tifffile

W, H = 23, 17
HERE = os.path.dirname(os.path.abspath(__file__))


def image(kind, samples):
    """The image of value(x, y, c), H×W×samples."""
    y, x, c = np.meshgrid(np.arange(H), np.arange(W), np.arange(samples), indexing="ij")
    n = (x * 1009 + y * 9176 + c * 31337).astype(np.uint64)
    if kind == "u16":
        v = (n % 65521).astype(np.uint16)
    elif kind == "f32":  # 24 significant bits
        v = ((n * 12345 % 16777213).astype(np.float64) / 16777216 - 0.25).astype(np.float32)
    else:  # 53 significant bits
        v = (n * 12345678901 % 9007199254740881).astype(np.float64) / 9007199254740992 - 0.25
    v[(x < 5) | (y >= 14)] = 0  # missing pixels, which also compress
    if kind == "f32":
        special = np.array([0x80000000, 0x00000001, 0x7FC12345], np.uint32).view(np.float32)
        v[4, 6, :] = special[:samples]
    elif kind == "f64":
        special = np.array([1 << 63, 1, 0x7FF8000012345678], np.uint64).view(np.float64)
        v[4, 6, :] = special[:samples]
    return v


def same(path, want):
    got = tifffile.imread(path)
    if got.shape == (3, H, W):  # planes
        got = np.moveaxis(got, 0, -1)
    return got.shape == want.shape and got.dtype == want.dtype and got.tobytes() == want.tobytes()


def main():
    made, total = 0, 0
    tmp = tempfile.mkdtemp()
    back = os.path.join(tmp, "back.tiff")

    def keep(name, want):
        nonlocal made, total
        path = os.path.join(HERE, name)
        if "separate_tiles" in name:  # which this tiffcp cannot read
            ok = same(path, want)
        else:
            subprocess.run(["tiffcp", "-L", "-s", "-c", "none", path, back], check=True)
            ok = same(back, want)
        if not ok:
            sys.exit(f"{name}: does not read back")
        made += 1
        total += os.path.getsize(path)

    for kind in "f32", "f64", "u16":
        for samples in 3, 1:
            want = image(kind, samples)
            squeezed = want[..., 0] if samples == 1 else want
            stem = f"{kind}x{samples}"
            colour = "rgb" if samples == 3 else "minisblack"

            def write(name, **options):
                name = f"{stem}_tifffile_{name}.tiff"
                data = np.moveaxis(want, -1, 0) if "separate" in name else squeezed
                tifffile.imwrite(os.path.join(HERE, name), data, photometric=colour,
                                 metadata=None, software=False, **options)
                keep(name, squeezed)

            def copy(name, *options):
                name = f"{stem}_tiffcp_{name}.tiff"
                source = planes if "separate" in name else chunky
                subprocess.run(["tiffcp", *options, source, os.path.join(HERE, name)], check=True)
                keep(name, squeezed)

            # tiffcp keeps the planar configuration of floats, so it needs a source of each.
            chunky, planes = os.path.join(tmp, "chunky.tiff"), os.path.join(tmp, "planes.tiff")
            tifffile.imwrite(chunky, squeezed, photometric=colour, metadata=None, software=False)
            if samples == 3:
                tifffile.imwrite(planes, np.moveaxis(want, -1, 0), photometric=colour,
                                 planarconfig="separate", metadata=None, software=False)
            full = (kind, samples) == ("f32", 3)
            write("le")
            write("be", byteorder=">")
            write("zlib_be", byteorder=">", compression="zlib", rowsperstrip=5)
            copy("lzw2", "-c", "lzw:2", "-r", "4")
            copy("zip2", "-c", "zip:2", "-r", "4")
            copy("packbits", "-c", "packbits", "-r", "4")
            copy("zstd", "-c", "zstd", "-r", "4")
            copy("zstd2_be", "-B", "-c", "zstd:2", "-r", "4")
            if kind != "u16":
                copy("zip3", "-c", "zip:3", "-r", "4")
            if samples == 3 and (kind == "f64" or full):
                copy("separate_zip3", "-c", "zip:3", "-r", "5")
                copy("tiles_lzw3", "-t", "-w", "16", "-l", "16", "-c", "lzw:3")
            if not full:
                continue
            # tiffcp writes files with predictor 3 and -B that libtiff itself
            # cannot read back, so there is none.
            write("bigtiff_be", byteorder=">", bigtiff=True)
            write("rows1", rowsperstrip=1)
            write("tiles_be", byteorder=">", tile=(16, 16))
            write("separate_tiles_zlib", compression="zlib", tile=(16, 32), planarconfig="separate")
            write("separate_bigtiff", planarconfig="separate", bigtiff=True, rowsperstrip=6)
            copy("lzw", "-c", "lzw")
            copy("lzw3", "-c", "lzw:3", "-r", "7")
            copy("lzw2_be_bigtiff", "-8", "-B", "-c", "lzw:2", "-r", "3")
            copy("zip", "-c", "zip")
            copy("zip2_be", "-B", "-c", "zip:2", "-r", "4")
            copy("zstd3", "-c", "zstd:3", "-r", "1")
            copy("zstd_bigtiff", "-8", "-c", "zstd", "-r", "4")
            copy("separate_packbits", "-c", "packbits", "-r", "5")
            copy("separate_lzw2", "-c", "lzw:2", "-r", "5")
            copy("tiles_zip2_be", "-B", "-t", "-w", "16", "-l", "16", "-c", "zip:2")
            copy("tiles_wide_zstd3", "-t", "-w", "32", "-l", "16", "-c", "zstd:3")
            copy("tiles_packbits_bigtiff", "-8", "-t", "-w", "16", "-l", "16", "-c", "packbits")
            copy("none_rows7", "-c", "none", "-r", "7")
            copy("none_be_bigtiff", "-B", "-8", "-c", "none", "-r", "2")
    print(f"{made} files, {total} bytes")


main()
