// The functions that Kubernetes adds to the language, as far as the library does not have them.
// https://kubernetes.io/docs/reference/using-api/cel/#cel-options-language-features-and-libraries
import type { Environment } from '@marcbachmann/cel-js';
import { addListFunctions } from './list-functions.ts';
import { addNetworkFunctions } from './network-functions.ts';
import { addQuantityFunctions } from './quantity-functions.ts';
import { addTextFunctions } from './text-functions.ts';
import { addUrlFunctions } from './url-functions.ts';

export function addFunctions(environment: Environment): void {
  addListFunctions(environment);
  addTextFunctions(environment);
  addUrlFunctions(environment);
  addQuantityFunctions(environment);
  addNetworkFunctions(environment);
}
