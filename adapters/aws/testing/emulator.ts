export const awsEndpoint = (): string => process.env.ONYX_AWS_ENDPOINT ?? "";
