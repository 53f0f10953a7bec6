// Pages that refresh in part; idiomorph registers itself as htmx's "morph" extension.
import htmx from "htmx.org";
import { Idiomorph } from "idiomorph/htmx";

export { Idiomorph, htmx };
