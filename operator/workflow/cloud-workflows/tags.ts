/** What an error of our own is tagged with: `Wf.<class>`, or `Wf.Business.<code>`. */
export const TAG = "Wf.";
export const BUSINESS_TAG = `${TAG}Business.`;
