"""Image files in, RGB uint8 arrays `(h, w, 3)` out; the one resampler; which files are images."""

from fcn_detect.images.addresses import Address, Place, find_places, local_file, place
from fcn_detect.images.borders import add_border, cut_region, level_part, paint_with_border
from fcn_detect.images.clips import container, is_clip
from fcn_detect.images.contact_sheet import contact_sheet
from fcn_detect.images.dates import taken_at
from fcn_detect.images.decoding import LoadedImage, from_array, from_pil
from fcn_detect.images.finding import EXTENSIONS, find_images, image_names, is_image_name
from fcn_detect.images.half_store import HalfStore, store_halves
from fcn_detect.images.header import PictureHeader
from fcn_detect.images.large import StreamingRules, huge_header, store_image
from fcn_detect.images.octaves import Halves, Octaves, halvings
from fcn_detect.images.painting import paint_canvas, paint_passes
from fcn_detect.images.preparation import Preparation, PreparedImage, prepare
from fcn_detect.images.reading import DEFAULT_MAX_PIXELS, read_image
from fcn_detect.images.resampling import KeptBlocks, resize, resize_part, resize_to
from fcn_detect.images.taps import plan_frame

__all__ = [
    "DEFAULT_MAX_PIXELS",
    "EXTENSIONS",
    "Address",
    "HalfStore",
    "Halves",
    "KeptBlocks",
    "LoadedImage",
    "Octaves",
    "PictureHeader",
    "Place",
    "Preparation",
    "PreparedImage",
    "StreamingRules",
    "add_border",
    "contact_sheet",
    "container",
    "cut_region",
    "find_images",
    "find_places",
    "from_array",
    "from_pil",
    "halvings",
    "huge_header",
    "image_names",
    "is_clip",
    "is_image_name",
    "level_part",
    "local_file",
    "paint_canvas",
    "paint_passes",
    "paint_with_border",
    "place",
    "plan_frame",
    "prepare",
    "read_image",
    "resize",
    "resize_part",
    "resize_to",
    "store_halves",
    "store_image",
    "taken_at",
]
