"""Caches are shared: what one pushes, a fresh clone pulls and has nothing left to do."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from .conftest import ONE_WORKER, TARGET, Project

pytestmark = ONE_WORKER

KEYS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.fixture
def s3() -> Iterator[str]:
    """The address of an S3 server on loopback that has a bucket named `cache`."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_bucket(Bucket="cache")
    yield address
    server.stop()


def share_and_check(finished: Project, tmp_path: Path, url: str, **options: str) -> None:
    fresh = finished.clone(tmp_path / "fresh")
    for project in (finished, fresh):
        project.run("dvc", "remote", "add", "--local", "--force", "--default", "shared", url)
        for name, value in options.items():
            project.run("dvc", "remote", "modify", "--local", "shared", name, value)
    assert "pushed" in finished.run("dvc", "push", "--with-deps", TARGET, **KEYS)
    fresh.run("dvc", "pull", "--with-deps", TARGET, **KEYS)
    printed = fresh.run("dvc", "status", "--with-deps", TARGET)
    assert "Data and pipelines are up to date." in printed
    printed = fresh.run("dvc", "repro", TARGET)
    assert "Data and pipelines are up to date." in printed
    assert "Running stage" not in printed


def test_a_folder_remote(finished: Project, tmp_path: Path) -> None:
    share_and_check(finished, tmp_path, str(tmp_path / "remote"))


def test_an_s3_remote(finished: Project, tmp_path: Path, s3: str) -> None:
    share_and_check(finished, tmp_path, "s3://cache/backfill", endpointurl=s3)
