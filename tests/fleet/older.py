"""Runs the program of an older version: `python -S older.py FOLDER SITE … -m formant_net ARGUMENTS`.

FOLDER has its packages, SITE everything else. `-S`: this copy of the source, which is installed there, stays out.
"""

from __future__ import annotations

import runpy
import sys

folder, site = sys.argv[1:3]
sys.path[:0] = [folder, site]
sys.argv = ["formant-node", *sys.argv[sys.argv.index("formant_net") + 1 :]]
runpy.run_module("formant_net", run_name="__main__")
