"""Caches are shared: what one pushes, a fresh clone pulls and has nothing left to do."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from .conftest import ONE_WORKER, UP_TO_DATE, Project, stages_run

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


def share_and_check(project: Project, tmp_path: Path, url: str, **options: str) -> Project:
    """Push everything, pull it in a fresh clone; returns the clone."""
    fresh = project.clone(tmp_path / "fresh")
    for each in (project, fresh):
        each.run("dvc", "remote", "add", "--local", "--force", "--default", "shared", url)
        for name, value in options.items():
            each.run("dvc", "remote", "modify", "--local", "shared", name, value)
    assert "pushed" in project.run("dvc", "push", **KEYS)
    fresh.run("dvc", "pull", **KEYS)
    assert UP_TO_DATE in fresh.run("dvc", "status")
    printed = fresh.run("dvc", "repro", "--all-pipelines")
    assert UP_TO_DATE in printed
    assert stages_run(printed) == []
    return fresh


def test_a_folder_remote_has_the_main_comparison_and_a_study(
    studied: Project, tmp_path: Path
) -> None:
    fresh = share_and_check(studied, tmp_path, str(tmp_path / "remote"))
    assert "Everything is up to date." in fresh.run("dvc", "push")
    for report in ("main/overview", "digits/mine"):
        path = fresh.folder / "reports" / report / "page" / "index.html"
        assert path.read_bytes() == (studied.folder / path.relative_to(fresh.folder)).read_bytes()


def test_an_s3_remote_has_the_main_comparison_alone(
    finished: Project, tmp_path: Path, s3: str
) -> None:
    fresh = share_and_check(finished, tmp_path, "s3://cache/backfill", endpointurl=s3)
    assert not (fresh.folder / "reports" / "digits").exists()
