/** The parts of an ARN: `arn:partition:service:region:account:resource`. */
export interface Arn {
  readonly partition: string;
  readonly service: string;
  readonly region: string;
  readonly account: string;
  readonly resource: string;
}

/** The parts of an ARN, or undefined when it isn't one. */
export function parseArn(text: string): Arn | undefined {
  const [scheme, partition, service, region, account, ...rest] = text.split(":");
  const resource = rest.join(":");
  if (scheme !== "arn" || !partition || !service || !resource) return undefined;
  return { partition, service, region: region ?? "", account: account ?? "", resource };
}

export const formatArn = (arn: Arn): string =>
  `arn:${arn.partition}:${arn.service}:${arn.region}:${arn.account}:${arn.resource}`;

/**
 * Region prefixes of the partitions that aren't `aws`, with the DNS suffix of their services.
 * Source: partitions.json of botocore, read 2026-11-23.
 */
const PARTITIONS = [
  { prefix: "cn-", id: "aws-cn", dnsSuffix: "amazonaws.com.cn" },
  { prefix: "us-gov-", id: "aws-us-gov", dnsSuffix: "amazonaws.com" },
  { prefix: "us-isob-", id: "aws-iso-b", dnsSuffix: "sc2s.sgov.gov" },
  { prefix: "us-isof-", id: "aws-iso-f", dnsSuffix: "csp.hci.ic.gov" },
  { prefix: "eu-isoe-", id: "aws-iso-e", dnsSuffix: "cloud.adc-e.uk" },
  { prefix: "us-iso-", id: "aws-iso", dnsSuffix: "c2s.ic.gov" },
  { prefix: "eusc-", id: "aws-eusc", dnsSuffix: "amazonaws.eu" },
] as const;

/** The partition of a region: the second part of every ARN, and the DNS suffix of its endpoints. */
export function partitionOf(region: string): { readonly id: string; readonly dnsSuffix: string } {
  return PARTITIONS.find(({ prefix }) => region.startsWith(prefix)) ?? { id: "aws", dnsSuffix: "amazonaws.com" };
}
