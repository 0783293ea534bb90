#!/usr/bin/env python3
"""Checks that only the trait SmallBinary brings unsafe compiler options: `swift package dump-package | .ci/manifest.py`.

SwiftPM does not: since 6.2 it accepts unsafe options of a dependency whose tools version is that new.
"""

import json
import sys

package = json.load(sys.stdin)
unsafe = [
    (target["name"], setting.get("condition", {}).get("traits"))
    for target in package["targets"] for setting in target["settings"] if "unsafeFlags" in setting["kind"]
]
default = [trait["name"] for trait in package.get("traits", []) if trait["name"] == "default" and trait["enabledTraits"]]
wrong = [name for name, traits in unsafe if traits != ["SmallBinary"]]
for name in wrong:
    print(f"{name} has unsafe compiler options without the trait SmallBinary")
for name in default:
    print("The package enables traits by default")
if not wrong and not default:
    print(f"Unsafe compiler options need SmallBinary, in {len(unsafe)} targets.")
sys.exit(bool(wrong or default))
