"""The bucket that CloudFront serves: publishing never breaks a page that somebody has open."""

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from publish.site import INDEX, Site

BATCH = 1000  # keys that S3 deletes at once


class Bucket:
    """`in_time` is called before each request to S3 and raises when no time is left for it."""

    def __init__(self, s3: Any, name: str, in_time: Callable[[], None]) -> None:
        self.s3, self.name, self.in_time = s3, name, in_time

    def publish(self, site: Site) -> None:
        """Upload `site`, then delete what neither it nor the one before it holds. Open pages of the one before load
        modules as they go. May be repeated: the same site is not the one before itself."""
        before = self._before(site)
        for file in site.files:
            self.in_time()
            trees = {"tree": site.tree} | ({"before": before} if before else {})
            self.s3.put_object(
                Bucket=self.name,
                Key=file.key,
                Body=file.body,
                ContentType=file.type,
                CacheControl=file.cache,
                Metadata=trees if file.key == INDEX else {},
            )
        held = {file.key for file in site.files}
        self._delete([key for key in self._keys() if key not in held and not (before and key.startswith(before))])

    def empty(self) -> None:
        """CloudFormation deletes only an empty bucket. One that is gone already is as empty as it gets."""
        try:
            self._delete(list(self._keys()))
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchBucket":
                raise

    def _before(self, site: Site) -> str:
        """The tree of assets that pages opened until now refer to, or nothing."""
        self.in_time()
        try:
            trees = self.s3.head_object(Bucket=self.name, Key=INDEX)["Metadata"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "404":
                raise
            return ""
        known: str = trees.get("before", "") if trees.get("tree") == site.tree else trees.get("tree", "")
        return known

    def _keys(self) -> Iterator[str]:
        self.in_time()
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name):
            yield from (found["Key"] for found in page.get("Contents", ()))
            self.in_time()

    def _delete(self, keys: list[str]) -> None:
        for start in range(0, len(keys), BATCH):
            self.in_time()
            batch = [{"Key": key} for key in keys[start : start + BATCH]]
            refused = self.s3.delete_objects(Bucket=self.name, Delete={"Objects": batch, "Quiet": True}).get("Errors")
            if refused:
                raise RuntimeError(f"S3 did not delete {refused[0]['Key']}: {refused[0]['Message']}")
