import type { TableWant } from "../../../controllers/leaf/wants.ts";
import type { Estimator } from "../estimate.ts";
import { aws, gcp } from "../prices.ts";
import { keyUse } from "./key-use.ts";

const INFREQUENT = "StandardInfrequentAccess";

/** Tables are made on demand on both clouds: nothing is reserved, so nothing is fixed. */
export const table: Estimator<TableWant> = {
  aws: (want) => {
    const infrequent = want.overrides.tableClass === INFREQUENT;
    const indexes = want.indexes.length > 0 ? ", again for each index" : "";
    return {
      byUse: [
        {
          what: `writes, each 1 KB one${indexes}`,
          price: infrequent ? aws.dynamodbInfrequentWrite : aws.dynamodbWrite,
        },
        {
          what: "reads, each 4 KB one, eventually consistent half",
          price: infrequent ? aws.dynamodbInfrequentRead : aws.dynamodbRead,
        },
        { what: `stored${indexes}`, price: infrequent ? aws.dynamodbInfrequentStorage : aws.dynamodbStorage },
        ...(want.pointInTimeRecoveryDays === null
          ? []
          : [{ what: "point-in-time recovery", price: aws.dynamodbRecovery }]),
        ...(want.overrides.stream === undefined
          ? []
          : [{ what: "reads of its stream", price: aws.dynamodbStreamRead }]),
        ...keyUse.aws(want),
      ],
    };
  },
  gcp: (want) => ({
    byUse: [
      { what: "writes", price: gcp.firestoreWrite },
      { what: "reads", price: gcp.firestoreRead },
      {
        what: want.ttlField === null ? "deletes" : "deletes, those by expiry included",
        price: gcp.firestoreDelete,
      },
      { what: "stored, indexes included", price: gcp.firestoreStorage },
      ...(want.pointInTimeRecoveryDays === null
        ? []
        : [{ what: "point-in-time recovery", price: gcp.firestoreRecovery }]),
      ...keyUse.gcp(want),
    ],
  }),
};
