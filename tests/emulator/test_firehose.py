"""A delivery stream writes what passes a Kinesis stream into few compressed objects, as far as its role allows."""

import gzip
import json
from typing import Any

from tests.emulator.account import Account

TEMPLATE = """
    Parameters:
      Action: {Type: String}
    Resources:
      Clicks: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 2}}
      Bucket: {Type: AWS::S3::Bucket}
      Role:
        Type: AWS::IAM::Role
        Properties:
          AssumeRolePolicyDocument:
            Statement: [{Effect: Allow, Principal: {Service: firehose.amazonaws.com}, Action: sts:AssumeRole}]
          Policies:
            - PolicyName: delivery
              PolicyDocument:
                Statement:
                  - Effect: Allow
                    Action:
                      - kinesis:DescribeStream
                      - kinesis:GetRecords
                      - kinesis:GetShardIterator
                      - kinesis:ListShards
                    Resource: !GetAtt Clicks.Arn
                  - {Effect: Allow, Action: !Ref Action, Resource: !Sub "${Bucket.Arn}/*"}
      Delivery:
        Type: AWS::KinesisFirehose::DeliveryStream
        Properties:
          DeliveryStreamType: KinesisStreamAsSource
          KinesisStreamSourceConfiguration: {KinesisStreamARN: !GetAtt Clicks.Arn, RoleARN: !GetAtt Role.Arn}
          ExtendedS3DestinationConfiguration:
            BucketARN: !GetAtt Bucket.Arn
            RoleARN: !GetAtt Role.Arn
            CompressionFormat: GZIP
            Prefix: clicks/date=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/
            ErrorOutputPrefix: errors/!{firehose:error-output-type}/
    Outputs:
      Stream: {Value: !Ref Clicks}
      Bucket: {Value: !Ref Bucket}
"""


def put(account: Account, stream: str) -> None:
    records: list[Any] = [{"PartitionKey": str(n), "Data": json.dumps({"n": n}).encode() + b"\n"} for n in range(20)]
    account.client("kinesis").put_records(StreamName=stream, Records=records)


def test_records_arrive_together_and_compressed_where_the_role_may_write(account: Account) -> None:
    s3 = account.client("s3")
    denied = account.deploy(account.name("delivery"), TEMPLATE, Action="s3:GetObject")
    allowed = account.deploy(account.name("delivery"), TEMPLATE, Action="s3:PutObject")
    put(account, denied["Stream"])
    put(account, allowed["Stream"])
    (found,) = account.eventually(lambda: s3.list_objects_v2(Bucket=allowed["Bucket"]).get("Contents", []))
    prefix, date, hour, name = found["Key"].split("/")
    assert (prefix, date[:7], hour[:5], name[-3:]) == ("clicks", "date=20", "hour=", ".gz")
    body = s3.get_object(Bucket=allowed["Bucket"], Key=found["Key"])["Body"].read()
    assert [json.loads(line)["n"] for line in gzip.decompress(body).splitlines()] == list(range(20))
    assert "Contents" not in s3.list_objects_v2(Bucket=denied["Bucket"])
