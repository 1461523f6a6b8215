// The files that pages of the reference name, as texts: where no repository is named (REPOSITORY), they are read here.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { files, repository } from "../../lib/reference";

export const getStaticPaths = () => (repository ? [] : [...files()].map((file) => ({ params: { file: `${file}.txt` }, props: { file } })));

export const GET = ({ props }: { props: { file: string } }) =>
  new Response(readFileSync(resolve(process.cwd(), "..", props.file), "utf8"), { headers: { "content-type": "text/plain; charset=utf-8" } });
