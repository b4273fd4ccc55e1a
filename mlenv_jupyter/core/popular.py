"""Names that people mean: popular packages, and packages imported under another name."""

from __future__ import annotations

from difflib import get_close_matches

IMPORTED_AS = {
    "bs4": "beautifulsoup4",
    "cairo": "pycairo",
    "crypto": "pycryptodome",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "pymupdf",
    "git": "gitpython",
    "google-cloud": "google-cloud-storage",
    "jwt": "pyjwt",
    "magic": "python-magic",
    "mpl-toolkits": "matplotlib",
    "mysqldb": "mysqlclient",
    "opencv": "opencv-python",
    "pil": "pillow",
    "pptx": "python-pptx",
    "pytorch": "torch",
    "pytorch-cpu": "torch",
    "pytorch-gpu": "torch",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "usb": "pyusb",
    "wx": "wxpython",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}

# One string, because it is read and mended as a list of words.
POPULAR = frozenset(
    """
    absl-py accelerate aiohttp alembic altair annoy anthropic anyio apache-airflow argilla arviz
    asyncpg azure-ai-ml azure-identity azure-storage-blob azureml-core azureml-mlflow
    beautifulsoup4 bitsandbytes black bokeh boto3 botocore cartopy catboost celery cffi chainer
    chardet chromadb click cloudpickle contourpy coverage cryptography cupy-cuda12x cvxpy cython
    dagster dash dask datasets datashader dbt-core deepspeed diffusers dill distributed django
    docker duckdb econml einops elasticsearch evaluate fabric faiss-cpu fastai fastapi fastparquet
    filelock fiona flake8 flask flax folium fsspec gensim geopandas gitpython google-cloud-bigquery
    google-cloud-storage gpytorch gradio graphviz great-expectations greenlet grpcio gunicorn gym
    gymnasium h2o h5py holoviews httpx huggingface-hub hydra-core hypothesis ibis-framework
    imageio imbalanced-learn implicit ipykernel ipython ipywidgets isort jax jaxlib jinja2 joblib
    jsonschema jupyter jupyterlab kaggle keras kornia kubernetes langchain langgraph lightgbm
    lightning llama-index llvmlite lxml mapie marshmallow matplotlib mlflow mlxtend modin mypy
    mysqlclient nbconvert nbformat networkx nevergrad nltk notebook numba numexpr numpy nvidia-ml-py
    omegaconf onnx onnxruntime openai opencv-python opencv-python-headless openpyxl optax optuna
    orjson packaging paddlepaddle pandas pandera panel papermill paramiko patsy peft pendulum
    pillow plotly plotnine polars pre-commit prefect prophet protobuf psutil psycopg psycopg2
    psycopg2-binary py4j pyarrow pycaret pycocotools pycryptodome pydantic pydot pygments pyjwt
    pymc pymongo pymupdf pymysql pyodbc pyomo pyproj pyro-ppl pyserial pyspark pytest pytest-cov
    python-dateutil python-docx python-dotenv pytorch-lightning pytz pywavelets pyyaml pyzmq
    qdrant-client rasterio ray redis regex requests rich ruff s3fs sacrebleu safetensors scanpy
    scikit-image scikit-learn scikit-optimize scipy scrapy seaborn sentence-transformers
    sentencepiece setuptools shap shapely simpy six skl2onnx sktime snowflake-connector-python
    spacy sqlalchemy stable-baselines3 starlette statsmodels streamlit sympy tables tabulate
    tenacity tensorboard tensorflow tensorflow-datasets tensorflow-hub textblob thinc threadpoolctl
    tiktoken timm tokenizers toml torch torchaudio torchmetrics torchvision tornado tqdm
    transformers trl typer typing-extensions ujson umap-learn unstructured urllib3 uvicorn vaex
    vllm wandb weaviate-client werkzeug wheel wordcloud xarray xgboost xlrd xlsxwriter yfinance
    zarr
    """.split()  # noqa: SIM905
)


def meant(name: str) -> str | None:
    """The package that somebody who wrote ``name`` probably means."""
    if name in IMPORTED_AS:
        return IMPORTED_AS[name]
    if name in POPULAR:
        return None
    close = get_close_matches(name, sorted((*POPULAR, *IMPORTED_AS)), n=1, cutoff=0.75)
    return IMPORTED_AS.get(close[0], close[0]) if close else None
