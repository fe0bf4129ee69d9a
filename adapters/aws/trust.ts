import type { Place } from "../../operator/provider/cloud.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import type { Aws } from "./clients.ts";
import type { PolicyDocument, Statement } from "./policy.ts";

/** One ServiceAccount of one cluster: where a Pod Identity association stands. */
export interface Binding {
  readonly cluster: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/**
 * Who may take the role: the pods of one ServiceAccount in this cluster. Pod Identity says so by session tags, IRSA by
 * the subject of the token.
 */
export function trustDocument(aws: Pick<Aws, "place" | "arn">, { cluster, namespace, serviceAccount }: Binding) {
  const { place } = aws;
  const statement: Statement =
    place.workloadIdentity === "Irsa"
      ? irsaStatement(aws, place, namespace, serviceAccount)
      : {
          Effect: "Allow",
          Principal: { Service: "pods.eks.amazonaws.com" },
          Action: ["sts:AssumeRole", "sts:TagSession"],
          Condition: {
            StringEquals: {
              "aws:RequestTag/eks-cluster-arn": aws.arn("eks", `cluster/${cluster}`),
              "aws:RequestTag/kubernetes-namespace": namespace,
              "aws:RequestTag/kubernetes-service-account": serviceAccount,
            },
          },
        };
  return { Version: "2012-10-17", Statement: [statement] } satisfies PolicyDocument;
}

function irsaStatement(aws: Pick<Aws, "arn">, place: Place, namespace: string, serviceAccount: string): Statement {
  const issuer = place.oidcIssuer?.replace(/^https:\/\//, "").replace(/\/+$/, "");
  if (!issuer)
    throw new ProviderError(
      "invalid",
      `Environment "${place.environment}" says workloadIdentity: Irsa but not the oidcIssuer of its cluster`,
      { code: "NoIssuer" },
    );
  return {
    Effect: "Allow",
    Principal: { Federated: aws.arn("iam", `oidc-provider/${issuer}`) },
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition: {
      StringEquals: {
        [`${issuer}:aud`]: "sts.amazonaws.com",
        [`${issuer}:sub`]: `system:serviceaccount:${namespace}:${serviceAccount}`,
      },
    },
  };
}

const PLACE = /^pod identity association of ([^/ ]+)\/([^/ ]+) in cluster ([^ ]+)/;

/** A binding as text, the same in trust and in footprint. */
export const bindingText = ({ cluster, namespace, serviceAccount }: Binding): string =>
  `pod identity association of ${namespace}/${serviceAccount} in cluster ${cluster}`;

/** The bindings that texts of `bindingText` name, each once; other texts are skipped. */
export function bindingsIn(texts: readonly string[]): Binding[] {
  const found = texts.flatMap((text) => {
    const [, namespace, serviceAccount, cluster] = PLACE.exec(text) ?? [];
    return namespace && serviceAccount && cluster ? [{ cluster, namespace, serviceAccount }] : [];
  });
  return [...new Map(found.map((binding) => [bindingText(binding), binding])).values()];
}
