/** The image of a version. */

/** One layer of an image: what made it, and its size in bytes. */
export interface IImageLayer {
  created_by: string;
  size: number;
}

/** The image of a version, built or not; paths are those in the image, `size` is bytes. */
export interface IImageDetails {
  exists: boolean;
  registry: string | null;
  repository: string;
  image: string;
  builder: string;
  id: string | null;
  pushed: string | null;
  base: string | null;
  platform: string | null;
  dockerfile: string | null;
  python_path: string | null;
  environment_path: string | null;
  size: number | null;
  layers: IImageLayer[];
  notes: string[];
}
