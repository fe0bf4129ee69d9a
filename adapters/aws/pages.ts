import { ask } from "./errors.ts";

/**
 * All pages of a list that goes on with `NextToken`.
 *
 * @param operation  how people call the API, for messages
 * @throws ProviderError
 */
export async function pagesOf<Page extends { readonly NextToken?: string | undefined }>(
  operation: string,
  get: (token: string | undefined) => Promise<Page>,
): Promise<readonly Page[]> {
  const pages: Page[] = [];
  let token: string | undefined;
  do {
    const page: Page = await ask(operation, get(token));
    pages.push(page);
    token = page.NextToken;
  } while (token);
  return pages;
}
