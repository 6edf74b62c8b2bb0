#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The checks must fail on what they forbid: each case is a tree of one or two small files."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"
LICENCE = "// SPDX-License-Identifier: Apache-2.0\n"


def run(tool, files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = pathlib.Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        answer = subprocess.run([sys.executable, str(TOOLS / tool), folder], capture_output=True, text=True, check=False)
        return answer.returncode, answer.stdout


class Layers(unittest.TestCase):
    def expect(self, name, text, complaint):
        status, output = run("check_layers", {name: text})
        self.assertEqual(status, 1, output)
        self.assertIn(complaint, output)

    def test_refuses_higher_and_equal_levels(self):
        self.expect("src/rondo/core/a.cpp", '#include "rondo/model/model.h"\n', "must not use model")
        self.expect("src/rondo/metrics/a.cpp", '#include "rondo/rank/ranking.h"\n', "must not use rank")

    def test_refuses_unknown_modules_and_users_of_the_library(self):
        self.expect("src/rondo/extra/a.cpp", "", "'extra' has no level")
        self.expect("src/rondo/core/a.cpp", '#include "apps/rondo/cli.h"\n', "must not know its users")

    def test_refuses_the_umbrella_header_everywhere(self):
        self.expect("tests/a.cpp", "#include <torch/torch.h>\n", "torch/torch.h")

    def test_refuses_printing_exiting_and_the_environment_in_the_library(self):
        for call in ("std::cout << 1;", 'std::getenv("X");', "std::exit(1);", "abort();", 'fmt::print("x");'):
            self.expect("src/rondo/core/a.cpp", f"void f() {{ {call} }}\n", "src/rondo/core/a.cpp:1")

    def test_allows_lower_levels_comments_and_tests(self):
        status, output = run("check_layers", {
            "src/rondo/model/a.cpp": '#include "rondo/core/group.h"\n// never abort();\nconst char* s = "exit(1)";\n',
            "src/rondo/core/a_test.cpp": 'void f() { std::getenv("X"); }\n',
            "apps/rondo/main.cpp": "int main() { std::cout << 1; }\n"})
        self.assertEqual(status, 0, output)


class Budgets(unittest.TestCase):
    def expect(self, name, text, complaint):
        status, output = run("check_budgets", {name: text})
        self.assertEqual(status, 1, output)
        self.assertIn(complaint, output)

    def test_refuses_long_files_and_headers(self):
        self.expect("a.cpp", LICENCE + "\n" * 500, "501 lines, limit 500")
        self.expect("a.h", LICENCE + "\n" * 250, "251 lines, limit 250")

    def test_refuses_long_functions_of_every_kind(self):
        body = "  x();\n" * 80
        for head in ("void f(int a)", "A::A(int a) : b_(a)", "template <class T>\nvoid g(T a)", "TEST(A, B)"):
            self.expect("a.cpp", f"{LICENCE}namespace n {{\n{head} {{\n{body}}}\n}}\n", "lines, limit 80")

    def test_refuses_seven_parameters_but_counts_template_arguments_as_one(self):
        self.expect("a.cpp", LICENCE + "void f(int a, int b, int c, int d, int e, int g, int h) {}\n", "7 parameters")
        fine = "void f(std::map<int, int> a, int b, int c, int d, int e, int g) {}\n"
        self.assertEqual(run("check_budgets", {"a.cpp": LICENCE + fine})[0], 0)

    def test_refuses_deep_nesting(self):
        deep = "void f() { if (a) { for (;;) { while (b) { if (c) { g(); } } } } }\n"
        self.expect("a.cpp", LICENCE + deep, "nested 4 deep")

    def test_refuses_missing_licences_foreign_letters_and_loose_ends(self):
        self.expect("a.cpp", "int a;\n", "SPDX")
        self.expect("a.cpp", LICENCE + "// \u00e9\n", "not ASCII")
        self.expect("a.cpp", LICENCE + "// TO" + "DO: later\n", "issue number")
        self.assertEqual(run("check_budgets", {"a.cpp": LICENCE + "// TO" + "DO(#12): later.\n"})[0], 0)


class Siblings(unittest.TestCase):
    FOLDER = "src/rondo/heads/"

    @staticmethod
    def code(*words):
        return LICENCE + '#include "a.h"\n\nnamespace rondo {\n' + "".join(f"int {w};\n" for w in words) + "}\n"

    def test_refuses_two_of_a_folder_that_are_half_equal(self):
        left, right = self.code("a", "b", "c", "d"), self.code("a", "b", "x", "y", "z")
        status, output = run("check_siblings", {self.FOLDER + "one.cpp": left, self.FOLDER + "two.cpp": right})
        self.assertEqual(status, 1, output)
        self.assertIn("one.cpp and two.cpp: 50%", output)

    def test_counts_lines_in_order_and_no_comments_includes_braces_or_namespaces(self):
        right = self.code("y", "b", "x", "a", "z").replace("int y;", "// int c;\nint y;  // as a sibling has it\n{\n}")
        left = self.code("a", "b", "c").replace("int c;", "// int c;\nint w;\n{\n}")
        status, output = run("check_siblings", {self.FOLDER + "one.cpp": left, self.FOLDER + "two.cpp": right})
        self.assertEqual(status, 0, output)
        self.assertIn("heads 33% (one, two)", output)

    def test_leaves_tests_shared_files_and_other_folders_alone(self):
        same = self.code("a", "b", "c")
        status, output = run("check_siblings", {
            self.FOLDER + "one.cpp": same, self.FOLDER + "one_test.cpp": same, self.FOLDER + "shared/one.cpp": same,
            "src/rondo/losses/one.cpp": same, "src/rondo/nn/a.cpp": same, "src/rondo/nn/b.cpp": same})
        self.assertEqual(status, 0, output)


class Names(unittest.TestCase):
    TABLES = {"src/rondo/heads/heads.def": "HEAD(bt)\nHEAD(pair)\n", "src/rondo/data/row_shapes.def": "SHAPE(steps)\n"}

    def output(self, name, code):
        status, output = run("check_names", {**self.TABLES, name: f"void f() {{\n  {code}\n}}\n"})
        return output if status == 1 else ""

    def test_refuses_a_comparison_with_the_name_of_a_plug_in(self):
        for code in ('if (head.kind == "bt") g();', 'return "bt" != x;', 'x = story["second"] == std::string("bt");',
                     'if (config.head ==\n      "pair") g();', 'while (shape->name != "steps") g();'):
            self.assertIn("src/rondo/train/a.cpp:", self.output("src/rondo/train/a.cpp", code), code)
        self.assertIn("apps/rondo/a.cpp:2: ", self.output("apps/rondo/a.cpp", 'g(kind == "bt");'))

    def test_allows_ordinary_words_comments_tests_and_the_own_file(self):
        for code in ('if (key == "steps") g();', 'if (options.left == "pair" || is_head) g();', '// kind == "bt"',
                     'x = "bt";', 'if (head == "other") g();'):
            self.assertEqual(self.output("src/rondo/train/a.cpp", code), "", code)
        self.assertEqual(self.output("src/rondo/train/a_test.cpp", 'if (kind == "bt") g();'), "")
        self.assertEqual(self.output("src/rondo/heads/bt.cpp", 'if (kind == "bt") g();'), "")
        self.assertEqual(self.output("src/rondo/data/shapes/steps.cpp", 'if (shape == "steps") g();'), "")
        self.assertNotEqual(self.output("src/rondo/heads/pair.cpp", 'if (kind == "bt") g();'), "")


if __name__ == "__main__":
    unittest.main()
