#!/usr/bin/env python3
"""Measures echo servers side by side. `bench --help` lists what there is; README.md says how to read it."""

import sys

from harness.cli import main

sys.exit(main())
