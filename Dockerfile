# fcn-detect in a container; the working folder is /work.
#
#     docker build -t fcn-detect .
#     docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" fcn-detect detect street.jpg
#
# With PyTorch for GPUs, as the package index has it:
#
#     docker build -t fcn-detect:gpu --build-arg TORCH_INDEX=https://pypi.org/simple .
#     docker run --rm --gpus all -v "$PWD:/work" fcn-detect:gpu batch CAMERA -o run
ARG PYTHON=3.12
FROM python:${PYTHON}-slim-bookworm

# What OpenCV's wheel leaves to the system; Debian keeps one version of each in a release.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /src
COPY constraints.txt ./
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip install --no-cache-dir --constraint constraints.txt --extra-index-url "${TORCH_INDEX}" \
    torch torchvision

ARG EXTRAS=heic,large,onnx,openvino,remote
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY fcn_detect fcn_detect
RUN pip install --no-cache-dir --constraint constraints.txt --extra-index-url "${TORCH_INDEX}" \
    ".[${EXTRAS}]"

# Any user may run it: what libraries and exports keep goes to HOME.
ENV HOME=/tmp
WORKDIR /work
USER 65534
ENTRYPOINT ["fcn-detect"]
CMD ["--help"]
