/** What is wanted: a definition and its parts. */

/** A wheel that is named by its content. */
export interface IWheel {
  name: string;
  sha256: string;
}

export interface IPipSection {
  /** Normalised PEP 508 lines, sorted. */
  requirements: string[];
  index_url: string | null;
  extra_index_urls: string[];
  find_links: string[];
  pre: boolean;
  no_binary: string[];
  only_binary: string[];
  /** They limit what is not asked for. */
  constraints: string[];
  /** The files that a package may come from, `sha256:…` by its canonical name. */
  hashes: { [name: string]: string[] };
  /** Lines for pip that are kept as they came and not honoured. */
  options: string[];
}

export interface ICondaSection {
  channels: string[];
  packages: string[];
  dependencies_file: string | null;
  base_environment: string | null;
}

export interface IDockerSection {
  base_image: string | null;
  dockerfile: string | null;
  build_context: IBuildContext | null;
  platform: string | null;
  arguments: string[];
  shm_size: string | null;
  enabled: boolean;
  base_image_registry: IImageRegistry | null;
  shared_volumes: boolean;
  gpu_support: boolean;
}

/** A directory that an image is built from; `sha256` where mlenv has its files. */
export interface IBuildContext {
  location: string;
  location_type: 'local' | 'git' | 'storageAccount';
  dockerfile_path: string;
  sha256: string | null;
}

/** Where a base image comes from; the password is a reference, never the word. */
export interface IImageRegistry {
  address: string | null;
  username: string | null;
  password: string | null;
  identity: { [name: string]: string } | null;
}

export interface ISparkSection {
  repositories: string[];
  packages: { group: string; artifact: string; version: string }[];
  precache_packages: boolean;
}

/** What is wanted: an immutable value. `null` means "none" or "the default". */
export interface IDefinition {
  python: string | null;
  pip: IPipSection;
  conda: ICondaSection;
  wheels: IWheel[];
  docker: IDockerSection | null;
  variables: { [name: string]: string };
  user_managed_dependencies: boolean;
  interpreter_path: string | null;
  torch_backend: string | null;
  spark: ISparkSection | null;
  /** This and what follows is kept as it came and not honoured. */
  r: { [key: string]: unknown } | null;
  databricks: { [key: string]: unknown } | null;
  inferencing_stack_version: string | null;
  asset_id: string | null;
}

/**
 * A definition as a client sends it: what is left out takes the server's default,
 * and `requirements` may be spelt any way PEP 508 allows.
 */
export type DefinitionInput = Partial<
  Omit<IDefinition, 'pip' | 'conda' | 'docker'>
> & {
  pip?: Partial<IPipSection>;
  conda?: Partial<ICondaSection>;
  docker?: Partial<IDockerSection> | null;
};
