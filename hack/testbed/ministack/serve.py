"""Serves ministack, mended."""

import mends
from ministack.app import main

mends.apply()
main()
