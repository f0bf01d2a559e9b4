// Set custom properties of an element. Unlike a style attribute, this passes a Content-Security-Policy
// without 'unsafe-inline'; Lit's styleMap writes that attribute at first.
import { noChange } from "lit";
import { Directive, directive, type ElementPart } from "lit/directive.js";

class VarsDirective extends Directive {
  render(_vars: Readonly<Record<`--${string}`, string>>): unknown {
    return noChange;
  }

  override update({ element }: ElementPart, [vars]: Parameters<this["render"]>): unknown {
    for (const [name, value] of Object.entries(vars)) {
      (element as HTMLElement).style.setProperty(name, value);
    }
    return noChange;
  }
}

export const vars = directive(VarsDirective);
