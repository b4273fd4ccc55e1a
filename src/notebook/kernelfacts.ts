import type { KernelSpec } from '@jupyterlab/services';

/** The version that a kernel of ours stands for. */
export interface IKernelFacts {
  readonly kernelName: string;
  readonly name: string;
  readonly version: string;
  /** What it was built from: a prefix and an image of one version have one each. */
  readonly lockDigest?: string;
}

const KERNEL_NAME = /^mlenv-[a-z0-9._-]+-[0-9a-f]{8}$/;

/** The display name that our kernels have: "NAME (vN)", "NAME (vN, image)". */
const DISPLAY_NAME = /^(.+) \(v?([^(),]+)(?:, (?:image|prefix))?\)$/;

/** Whether mlenv would have given this name to a kernel. */
export function isOurs(kernelName: string): boolean {
  return KERNEL_NAME.test(kernelName);
}

/** What an installed kernel stands for, or `null` if it is not one of ours. */
export function factsOfSpec(
  kernelName: string,
  specs: KernelSpec.ISpecModels | null
): IKernelFacts | null {
  const spec = specs?.kernelspecs[kernelName];
  const ours = spec?.metadata?.mlenv as
    { name?: unknown; version?: unknown; lock_digest?: unknown } | undefined;
  if (!spec || !ours) {
    return null;
  }
  if (typeof ours.name === 'string' && typeof ours.version === 'string') {
    const digest = ours.lock_digest;
    return {
      kernelName,
      name: ours.name,
      version: ours.version,
      ...(typeof digest === 'string' && { lockDigest: digest })
    };
  }
  return factsOfNames(kernelName, spec.display_name);
}

/** What a kernel that is not here stood for, as far as its names tell. */
export function factsOfNames(
  kernelName: string,
  displayName: string
): IKernelFacts | null {
  const found = isOurs(kernelName) ? DISPLAY_NAME.exec(displayName) : null;
  return found && { kernelName, name: found[1], version: found[2] };
}
