"""Java is started so that it reads what Python does."""

import subprocess
import sys

import pytest

_SHOWN = """
import subprocess
from lake import session
from lake.spark import toolchain
session._let_java_read_names()
java = toolchain.java_home() / "bin" / "java"
subprocess.run([java, "-XshowSettings:properties", "-version"], check=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Java has UTF-8 there whatever the locale is")
@pytest.mark.parametrize("locale", ["LC_ALL=C", "LANG=en_US.UTF-8", "LANG=xx_YY.ISO-8859-1", ""])
def test_java_reads_the_names_of_files_whatever_the_locale_is(locale: str) -> None:
    told = [word for word in (locale, "PATH=/usr/bin:/bin") if word]
    command = ["/usr/bin/env", "-i", *told, sys.executable, "-c", _SHOWN]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "sun.jnu.encoding = UTF-8" in shown.stderr
