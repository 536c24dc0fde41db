// Holds Kubernetes objects against the types that Kubernetes and the Prometheus Operator publish:
//   node check-objects.mjs FILE...
// prints a line `FILE: KIND/NAME: what is wrong` for each mistake, then how many objects it saw, and
// exits 1 if there is any. Two looks, since each misses something: the JSON schemas know values and what
// is required, but let unknown fields pass; the TypeScript types know every field there is.
import fs from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import ts from 'typescript';
import {parseAllDocuments} from 'yaml';

const here = path.dirname(fileURLToPath(import.meta.url));
let mistakes = 0;

function complain(where, what) {
  mistakes += 1;
  console.log(`${where}: ${what}`);
}

function read(files) {
  const objects = [];
  for (const file of files) {
    for (const document of parseAllDocuments(fs.readFileSync(file, 'utf8'))) {
      // A key that stands twice is one of them.
      for (const error of document.errors) complain(file, error.message);
      const object = document.toJS();
      if (object === null) continue;
      objects.push({object, where: `${file}: ${object.kind}/${object.metadata?.name}`});
    }
  }
  return objects;
}

// The package that has the types of `apiVersion`.
function moduleOf(apiVersion) {
  const [version, group = ''] = apiVersion.split('/').reverse();
  const candidates = group === '' ? [`kubernetes-models/${version}`] : [
    `kubernetes-models/${group}/${version}`,
    `kubernetes-models/${group.replace(/\.k8s\.io$/, '')}/${version}`,
    `kubernetes-models/${group}.k8s.io/${version}`,
    `@kubernetes-models/prometheus-operator/${group}/${version}`,
  ];
  return candidates.find((name) => fs.existsSync(path.join(here, 'node_modules', name, 'index.d.ts')));
}

async function checkValues({object, where, module}) {
  const Model = (await import(module))[object.kind];
  if (!Model) {
    complain(where, `${object.apiVersion} knows no ${object.kind}`);
    return;
  }
  try {
    new Model(object).validate();
  } catch (error) {
    complain(where, error.message);
  }
}

// The type of each kind, as TypeScript sees it.
class Types {
  constructor(objects) {
    this.names = new Map();
    let source = '';
    for (const {object, module} of objects) {
      const key = `${module} ${object.kind}`;
      if (this.names.has(key)) continue;
      const name = `kind${this.names.size}`;
      this.names.set(key, name);
      source += `export declare const ${name}: import('${module}').I${object.kind};\n`;
    }
    const file = path.join(here, 'kinds.gen.ts');
    fs.writeFileSync(file, source);
    const program = ts.createProgram([file], {
      strict: true, noEmit: true, skipLibCheck: true, types: [],
      module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler,
      target: ts.ScriptTarget.ES2022,
    });
    this.checker = program.getTypeChecker();
    this.file = program.getSourceFile(file);
    this.types = new Map();
    ts.forEachChild(this.file, (node) => {
      if (!ts.isVariableStatement(node)) return;
      const [declaration] = node.declarationList.declarations;
      this.types.set(declaration.name.text, this.checker.getTypeAtLocation(declaration));
    });
  }

  of({object, module}) {
    return this.types.get(this.names.get(`${module} ${object.kind}`));
  }

  // Calls `unknown(path)` for each field of `value` that `type` does not have.
  walk(value, type, at, unknown) {
    if (value === null || typeof value !== 'object' || !type) return;
    const bare = this.checker.getNonNullableType(type);
    if (bare.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return;
    const choices = bare.isUnion() ? bare.types : [bare];
    const index = (kind) => choices.map((one) => this.checker.getIndexTypeOfType(one, kind)).find(Boolean);
    if (Array.isArray(value)) {
      value.forEach((item, i) => this.walk(item, index(ts.IndexKind.Number), `${at}[${i}]`, unknown));
      return;
    }
    for (const [key, inner] of Object.entries(value)) {
      const property = choices.map((one) => one.getProperty(key)).find(Boolean);
      const expected = property ? this.checker.getTypeOfSymbolAtLocation(property, this.file) :
        index(ts.IndexKind.String);
      if (expected) {
        this.walk(inner, expected, `${at}.${key}`, unknown);
      } else if (choices.some((one) => one.getProperties().length > 0)) {
        unknown(`${at}.${key}`);
      }
    }
  }
}

const objects = read(process.argv.slice(2));
const known = [];
for (const one of objects) {
  one.module = moduleOf(one.object.apiVersion ?? '');
  if (one.module) known.push(one);
  else complain(one.where, `no types of ${one.object.apiVersion}`);
}
for (const one of known) await checkValues(one);
const types = new Types(known);
for (const one of known) {
  const type = types.of(one);
  types.walk(one.object, type, '', (field) => complain(one.where, `unknown field ${field.slice(1)}`));
}
console.log(`${objects.length} objects`);
process.exitCode = mistakes > 0 ? 1 : 0;
