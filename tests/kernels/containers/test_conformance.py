"""The suite that the Jupyter project has for kernels, on one in a container."""

from __future__ import annotations

from typing import ClassVar

import jupyter_kernel_test
import pytest

pytestmark = [pytest.mark.docker, pytest.mark.network]


@pytest.fixture(scope="module", autouse=True)
def installed(image_kernel):
    """The kernel under test, found by its name, which is known before it is made."""
    TestConformance.kernel_name = image_kernel.kernels()[0].kernel_name


class TestConformance(jupyter_kernel_test.KernelTests):
    kernel_name = ""
    language_name = "python"
    file_extension = ".py"
    code_hello_world = "print('hello, world')"
    code_stderr = "import sys; print('oops', file=sys.stderr)"
    code_page_something = "zip?"
    code_generate_error = "raise ValueError"
    code_execute_result: ClassVar = [{"code": "6*7", "result": "42"}]
    code_display_data: ClassVar = [
        {
            "code": "from IPython.display import HTML, display; display(HTML('<b>x</b>'))",
            "mime": "text/html",
        }
    ]
    completion_samples: ClassVar = [{"text": "zi", "matches": ["zip"]}]
    complete_code_samples: ClassVar = ["1", "def f():\n  pass\n\n"]
    incomplete_code_samples: ClassVar = ["def f():", "print('''"]
    invalid_code_samples: ClassVar = ["import = 7q"]
    code_inspect_sample = "zip"
    code_clear_output = "from IPython.display import clear_output; clear_output()"
    supported_history_operations = ("tail", "search")
    code_history_pattern = "6?7*"
