/**
 * A workflow as the source that Cloud Workflows takes: JSON, which it reads as YAML. So what YAML does not allow as it is
 * is escaped, and nothing else: a character of two units is none that YAML knows an escape of JSON's for.
 */
export function cloudWorkflowsSource(workflow: object): string {
  return JSON.stringify(workflow).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
