"""Whether a container's own server answers: exit status 0 for a 2xx. The health check of docker-compose.yml.

python -I -S deploy/healthy.py URL
"""

import sys
import urllib.error
import urllib.request

SECONDS = 5


def main() -> int:
    """Ask once, without any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(sys.argv[1], timeout=SECONDS):
            return 0
    except (OSError, urllib.error.URLError) as error:
        print(f"{sys.argv[1]}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
