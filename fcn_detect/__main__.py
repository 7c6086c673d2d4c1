"""`python -m fcn_detect` is `fcn-detect`."""

from fcn_detect.cli.main import main

if __name__ == "__main__":
    main()
