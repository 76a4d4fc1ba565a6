"""The height of the geoid EGM96 above the ellipsoid, from the 15′ grid of Debian's proj-data.

Read through PROJ with its network off: without the file nothing is fetched and nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyproj
from numpy.typing import ArrayLike
from pyproj.network import set_network_enabled  # type: ignore[attr-defined]

from spatial.errors import SetupError
from spatial.geo.datum import Floats
from spatial.geo.heights import Undulation

NAME = "EGM96 15′"
PACKAGE = "proj-data"
FILE = "egm96_15.gtx"
FOLDERS = (Path("/usr/share/proj"), Path("/usr/local/share/proj"))


def find_grid(folders: Sequence[Path] = FOLDERS) -> Path | None:
    """Return the file of the grid, None where it is not installed."""
    return next((folder / FILE for folder in folders if (folder / FILE).is_file()), None)


class Geoid:
    """A geoid read from a grid file; ±`accuracy_m` is how far it may be from the levels used."""

    name = NAME

    def __init__(self, file: Path, accuracy_m: float) -> None:
        set_network_enabled(active=False)
        self.accuracy_m = accuracy_m
        self._shift = pyproj.Transformer.from_pipeline(
            "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad"
            f" +step +proj=vgridshift +grids={file} +multiplier=1"
        )

    def undulations_m(self, lon: ArrayLike, lat: ArrayLike) -> Floats:
        """Return heights (m) of the geoid above the ellipsoid at places in degrees."""
        x, y = np.broadcast_arrays(np.asarray(lon, float), np.asarray(lat, float))
        return np.asarray(self._shift.transform(x, y, np.zeros(x.shape))[2])

    def at(self, lon: float, lat: float) -> Undulation:
        """Return the height of the geoid at one place."""
        return Undulation(self.name, float(self.undulations_m(lon, lat)), self.accuracy_m)


def open_geoid(accuracy_m: float, folders: tuple[Path, ...] = FOLDERS) -> Geoid:
    """Return the geoid.

    Raises
    ------
    SetupError
        Its file is not installed.
    """
    file = find_grid(folders)
    if file is None:
        searched = ", ".join(map(str, folders))
        raise SetupError(
            f"The geoid grid {FILE} is in none of {searched}",
            f"未找到大地水准面格网 {FILE}（{searched}）",
            mend_en=f"Install Debian's {PACKAGE}: apt-get install {PACKAGE}",
            mend_zh=f"请安装 Debian 软件包 {PACKAGE}：apt-get install {PACKAGE}",
        )
    return Geoid(file, accuracy_m)
