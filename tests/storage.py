"""An object storage for tests: moto's server, which speaks S3 over HTTP, on the loopback and ended with the block."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from moto.server import ThreadedMotoServer


@contextmanager
def running_storage(bucket: str) -> Iterator[dict[str, str]]:
    """Run a storage with an empty bucket, and yield the variables by which clients find it."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        address = f"http://{host}:{port}"
        requests.put(f"{address}/{bucket}", timeout=10).raise_for_status()
        yield {
            "AWS_ACCESS_KEY_ID": "somebody",
            "AWS_SECRET_ACCESS_KEY": "s3cret-of-the-storage",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": address,
        }
    finally:
        server.stop()
