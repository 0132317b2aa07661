// Writes out /schema/openapi.json with nothing but the browser; all text is set as text.
"use strict";

function element(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// A schema as a short sketch; references are followed a few steps deep.
function sketch(schema, root, depth) {
  if (!schema) return "any";
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return depth > 4 ? name : sketch(root.components.schemas[name], root, depth + 1);
  }
  const options = schema.oneOf || schema.anyOf;
  if (options) return options.map((each) => sketch(each, root, depth + 1)).join(" or ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((each) => JSON.stringify(each)).join(" | ");
  if (schema.type === "array") return [sketch(schema.items, root, depth + 1)];
  if (schema.properties) {
    const required = new Set(schema.required || []);
    return Object.fromEntries(Object.entries(schema.properties).map(([name, each]) =>
      [name + (required.has(name) ? "" : "?"), sketch(each, root, depth + 1)]));
  }
  const bounds = ["format", "pattern", "minLength", "maxLength", "minimum", "maximum"]
    .filter((key) => schema[key] !== undefined).map((key) => `${key} ${schema[key]}`);
  const type = Array.isArray(schema.type) ? schema.type.join(" or ") : schema.type || "any";
  return bounds.length ? `${type} (${bounds.join(", ")})` : type;
}

function content(body, root) {
  const json = body && body.content && body.content["application/json"];
  return json ? element("pre", {}, JSON.stringify(sketch(json.schema, root, 0), null, 2)) : "";
}

function parameters(operation) {
  if (!operation.parameters || !operation.parameters.length) return "";
  const rows = operation.parameters.map((each) => element("tr", {},
    element("td", {}, each.name), element("td", {}, each.in),
    element("td", {}, each.required ? "required" : "optional"),
    element("td", {}, each.description || "")));
  return element("table", {}, element("tbody", {}, ...rows));
}

function operationSection(path, method, operation, root) {
  const id = `${method}-${path}`.replace(/[^A-Za-z0-9]+/g, "-");
  const section = element("section", { id },
    element("h2", {}, element("span", { class: "method" }, method), " ", path),
    element("p", {}, operation.description || operation.summary || ""));
  if ((operation.security || []).length) {
    section.append(element("p", { class: "lock" }, "Needs a bearer token"));
  }
  section.append(parameters(operation));
  if (operation.requestBody) section.append("Request", content(operation.requestBody, root));
  for (const [status, answer] of Object.entries(operation.responses || {})) {
    section.append(`${status} ${answer.description || ""}`, content(answer, root));
  }
  return [id, section];
}

async function main() {
  const target = document.getElementById("operations");
  const answer = await fetch("/schema/openapi.json");
  if (!answer.ok) {
    target.replaceChildren(`The document could not be read: ${answer.status}`);
    return;
  }
  const root = await answer.json();
  document.getElementById("title").textContent = `${root.info.title} ${root.info.version}`;
  target.replaceChildren();
  for (const [path, methods] of Object.entries(root.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const [id, section] = operationSection(path, method, operation, root);
      target.append(section);
      const link = element("a", { href: `#${id}` }, `${method.toUpperCase()} ${path}`);
      document.getElementById("index").append(element("li", {}, link));
    }
  }
}

main();
