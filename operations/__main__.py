"""Writes every generated file."""

from operations.files import ROOT, generated


def main() -> None:
    for path, text in generated().items():
        path.write_text(text)
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
