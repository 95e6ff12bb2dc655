"""`python -m formant_net` is `formant-node`."""

from formant_net.cli.command import run as main

if __name__ == "__main__":
    main()
