import { z } from "zod";
import { durationWithin } from "./duration.ts";
import { exactlyOne, withRules } from "./rules.ts";
import { formed, list, text } from "./text.ts";

export const portNumber = () => z.int().min(1).max(65_535);

const forms = ["http", "tcp", "exec"] as const;

/** How Kubernetes asks a container whether it is well. */
export const probe = () =>
  withRules(
    z
      .strictObject({
        http: z
          .strictObject({
            path: formed(/^\/[^\s]*$/, 255, "path must begin with '/' and have no spaces").describe("Path to GET."),
            port: portNumber().describe("Port of the container."),
          })
          .optional()
          .describe("Well when an HTTP GET answers with 200 to 399."),
        tcp: z
          .strictObject({ port: portNumber().describe("Port of the container.") })
          .optional()
          .describe("Well when a connection opens."),
        exec: z
          .strictObject({
            command: list(text(1024).describe("Program or argument."), 32)
              .min(1)
              .describe("Program and arguments, no shell."),
          })
          .optional()
          .describe("Well when a program in the container ends with 0."),
        initialDelay: durationWithin("initialDelay", { min: 0, max: 3600 })
          .optional()
          .describe("Wait before the first look. Absent: none."),
        interval: durationWithin("interval", { min: 1, max: 3600 })
          .optional()
          .describe("Time between looks. Absent: 10s."),
        timeout: durationWithin("timeout", { min: 1, max: 600 })
          .optional()
          .describe("How long a look may take. Absent: 5s."),
        failureThreshold: z
          .int()
          .min(1)
          .max(100)
          .optional()
          .describe("So many failed looks in a row count as ill. Absent: 3."),
      })
      .refine(
        (given) => forms.filter((form) => given[form] !== undefined).length === 1,
        "give exactly one of http, tcp, exec",
      ),
    exactlyOne(...forms),
  );
