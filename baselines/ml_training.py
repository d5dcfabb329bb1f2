"""Train a small classifier on images: augment, extract 13 features, normalise, train an MLP, evaluate it.

This is the script as it was first written, one image, one pixel and one pair at a time.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from perfkit import stage

IMAGE_SIZE = 28
N_CLASSES = 10
N_FEATURES = 13
NOISE_LEVEL = 0.08
DTYPES = {"float32": torch.float32, "float64": torch.float64}


# ---------------------------------------------------------------- inputs


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What a run works on: labelled images, and every setting that both variants must share.

    Attributes
    ----------
    images
        Grey values, shape ``(n_samples, 28, 28)``, float64.
    labels
        Classes 0 to 9, shape ``(n_samples,)``, int64. The last fifth of the samples is the test set.
    augment_seed, training_seed
        Seeds of the augmentation, and of the initial weights and the shuffling.
    hidden_size, epochs, batch_size, learning_rate, dtype
        The network's width, the training's settings, and the precision it computes in.
    """

    images: NDArray[np.float64]
    labels: NDArray[np.int64]
    augment_seed: int
    training_seed: int
    hidden_size: int
    epochs: int
    batch_size: int
    learning_rate: float
    dtype: str


def make_inputs(
    seed: int,
    *,
    n_samples: int = 3000,
    dtype: str = "float32",
    hidden_size: int = 16,
    epochs: int = 2,
    batch_size: int = 32,
    learning_rate: float = 0.02,
) -> Inputs:
    """Draw labelled images: each class has a brightness and a wave pattern, which every image varies.

    Parameters
    ----------
    seed
        Decides everything that is random in the images and in a run on them.
    n_samples
        How many images, at least 50. The time of a run grows with its square.
    dtype
        ``"float32"`` or ``"float64"``: the precision of the training. Features are always float64.
    hidden_size, epochs, batch_size, learning_rate
        The training's settings.

    Returns
    -------
    Inputs
        The same for the same arguments.

    Raises
    ------
    ValueError
        When a setting is out of range.
    """
    if n_samples < 50:  # noqa: PLR2004
        raise ValueError(f"n_samples must be at least 50, not {n_samples}.")
    if dtype not in DTYPES:
        raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, not {dtype!r}.")
    for name, value in (("hidden_size", hidden_size), ("epochs", epochs), ("batch_size", batch_size)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}.")
    if not learning_rate > 0:
        raise ValueError(f"learning_rate must be positive, not {learning_rate}.")

    rng = np.random.default_rng(seed)
    labels = rng.integers(N_CLASSES, size=n_samples)
    # Every class has a direction, a frequency (cycles an image) and a brightness; direction and brightness
    # are told apart by the differences of neighbours and the mean, the frequency by the spectrum.
    angle = (labels % 5) * (math.pi / 8) + rng.normal(0.0, 0.06, n_samples)
    cycles = 2.5 + 3.0 * (labels // 5) + rng.normal(0.0, 0.6, n_samples)
    brightness = 0.4 + 0.02 * ((labels * 3) % N_CLASSES) + rng.normal(0.0, 0.03, n_samples)
    contrast = 0.25 + 0.015 * ((labels * 7) % N_CLASSES) + rng.normal(0.0, 0.03, n_samples)
    phase = rng.uniform(0.0, 2.0 * math.pi, n_samples)

    position = np.arange(IMAGE_SIZE) / IMAGE_SIZE
    along_x = (cycles * np.cos(angle))[:, None, None] * position[None, None, :]
    along_y = (cycles * np.sin(angle))[:, None, None] * position[None, :, None]
    waves = np.sin(2.0 * math.pi * (along_x + along_y) + phase[:, None, None])
    images = brightness[:, None, None] + contrast[:, None, None] * waves
    images += rng.normal(0.0, 0.05, images.shape)
    augment_seed, training_seed = (int(drawn) for drawn in rng.integers(2**31, size=2))
    return Inputs(
        images=images,
        labels=labels,
        augment_seed=augment_seed,
        training_seed=training_seed,
        hidden_size=hidden_size,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        dtype=dtype,
    )


# ---------------------------------------------------------------- features


@stage("augment")
def augment(images: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Mirror about half of the images and add noise to all, shape ``(n, 28, 28)``."""
    flip_seed, noise_seed = np.random.SeedSequence(seed).spawn(2)
    flip_rng = np.random.default_rng(flip_seed)
    noise_rng = np.random.default_rng(noise_seed)
    augmented = []
    for i in range(len(images)):
        image = images[i]
        if flip_rng.random() < 0.5:  # noqa: PLR2004
            image = image[:, ::-1]
        noise = noise_rng.uniform(-NOISE_LEVEL, NOISE_LEVEL, size=image.shape)
        augmented.append(image + noise)
    return np.array(augmented)


@stage("statistical")
def statistical_features(data: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean, standard deviation, minimum, maximum and median of each image, shape ``(n, 5)``."""
    features = []
    for i in range(len(data)):
        row = []
        row.append(np.mean(data[i]))
        row.append(np.std(data[i]))
        row.append(np.min(data[i]))
        row.append(np.max(data[i]))
        row.append(np.median(data[i]))
        features.append(row)
    return np.array(features)


@stage("gradient")
def gradient_features(data: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean and greatest difference of horizontal and of vertical neighbours, shape ``(n, 4)``."""
    features = []
    for i in range(len(data)):
        sum_x = 0.0
        sum_y = 0.0
        max_x = 0.0
        max_y = 0.0
        for row in range(IMAGE_SIZE - 1):
            for column in range(IMAGE_SIZE - 1):
                here = data[i, row, column]
                difference_x = abs(data[i, row, column + 1] - here)
                difference_y = abs(data[i, row + 1, column] - here)
                sum_x += difference_x
                sum_y += difference_y
                max_x = max(max_x, difference_x)
                max_y = max(max_y, difference_y)
        count = (IMAGE_SIZE - 1) ** 2
        features.append([sum_x / count, sum_y / count, max_x, max_y])
    return np.array(features)


@stage("frequency")
def frequency_features(data: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares of low, middle and high frequencies in the power, and the mean frequency, shape ``(n, 4)``."""
    frequency = np.fft.fftfreq(IMAGE_SIZE) * IMAGE_SIZE
    radius = np.sqrt(frequency[:, None] ** 2 + frequency[None, :] ** 2)
    low = (radius > 0) & (radius <= 4)  # noqa: PLR2004
    middle = (radius > 4) & (radius <= 8)  # noqa: PLR2004
    high = radius > 8  # noqa: PLR2004
    features = []
    for i in range(len(data)):
        power = np.abs(np.fft.fft2(data[i])) ** 2
        total = np.sum(power[radius > 0])
        low_share = np.sum(power[low]) / total
        middle_share = np.sum(power[middle]) / total
        high_share = np.sum(power[high]) / total
        mean_frequency = np.sum(radius * power) / total
        features.append([low_share, middle_share, high_share, mean_frequency])
    return np.array(features)


@stage("normalise")
def normalise(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standardise the columns, then divide each row by its mean distance to all others, shape ``(n, 13)``."""
    standardised: NDArray[np.float64] = (features - features.mean(axis=0)) / features.std(axis=0)
    n_samples = len(standardised)
    total_distance = np.zeros(n_samples)
    for i in range(n_samples):
        for j in range(i + 1, n_samples):
            distance = np.sqrt(((standardised[i] - standardised[j]) ** 2).sum())
            total_distance[i] += distance
            total_distance[j] += distance
    normalised = np.zeros_like(standardised)
    for i in range(n_samples):
        normalised[i] = standardised[i] / (total_distance[i] / (n_samples - 1))
    return normalised


@stage("feature_extraction")
def extract_features(images: NDArray[np.float64], augment_seed: int) -> NDArray[np.float64]:
    """Return the 13 normalised features of each augmented image, shape ``(n, 13)``."""
    data = augment(images, augment_seed)
    features = np.hstack([statistical_features(data), gradient_features(data), frequency_features(data)])
    return normalise(features)


# ---------------------------------------------------------------- model


def custom_activation(x: torch.Tensor) -> torch.Tensor:
    """0.9 x + 0.1 tanh(x) where x is positive, 0.5 tanh(x) elsewhere; shape as `x`."""
    output = torch.zeros_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            if x[i, j].item() > 0:
                output[i, j] = 0.9 * x[i, j] + 0.1 * torch.tanh(x[i, j])
            else:
                output[i, j] = 0.5 * torch.tanh(x[i, j])
    return output


class Classifier(nn.Module):
    """13 features, one hidden layer with the custom activation, 10 classes."""

    def __init__(self, hidden_size: int, dtype: torch.dtype, generator: torch.Generator) -> None:
        super().__init__()
        self.hidden = nn.Linear(N_FEATURES, hidden_size, dtype=dtype)
        self.output = nn.Linear(hidden_size, N_CLASSES, dtype=dtype)
        for layer in (self.hidden, self.output):
            nn.init.xavier_uniform_(layer.weight, generator=generator)
            nn.init.zeros_(layer.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits, shape ``(batch, 10)``."""
        logits: torch.Tensor = self.output(custom_activation(self.hidden(x)))
        return logits


@stage("model_training")
def train_model(model: Classifier, x: torch.Tensor, y: torch.Tensor, inputs: Inputs) -> dict[str, Any]:
    """Train `model` in place with Adam on shuffled mini-batches.

    Returns
    -------
    dict
        ``losses``, float64, shape ``(steps,)``, and ``weights``, the model's state.
    """
    shuffler = torch.Generator().manual_seed(inputs.training_seed + 1)
    optimiser = torch.optim.Adam(model.parameters(), lr=inputs.learning_rate)
    losses = []
    for _ in range(inputs.epochs):
        order = torch.randperm(len(x), generator=shuffler)
        for start in range(0, len(x), inputs.batch_size):
            batch = order[start : start + inputs.batch_size]
            loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            losses.append(loss.item())
    weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
    return {"losses": np.array(losses), "weights": weights}


@stage("model_evaluation")
def evaluate_model(model: Classifier, x: torch.Tensor, y: torch.Tensor) -> dict[str, Any]:
    """Return ``logits`` (m, 10), ``predictions`` (m,) and the ``accuracy`` on the test set."""
    logits = []
    correct = 0
    for i in range(len(x)):
        output = model(x[i : i + 1]).detach()
        if output.argmax(dim=1).item() == y[i].item():
            correct += 1
        logits.append(output)
    all_logits = torch.cat(logits)
    return {"logits": all_logits, "predictions": all_logits.argmax(dim=1), "accuracy": correct / len(x)}


def run(inputs: Inputs) -> dict[str, Any]:
    """Extract features, train on four fifths of the samples, evaluate on the last fifth.

    Parameters
    ----------
    inputs
        From `make_inputs`.

    Returns
    -------
    dict
        ``accuracy`` on the test set, ``accuracy_chance`` (that of always guessing the commonest test class),
        ``accuracy_cases`` (how many samples that is),
        ``final_loss`` (the last step's), all float.
    """
    features = extract_features(inputs.images, inputs.augment_seed)
    dtype = DTYPES[inputs.dtype]
    x = torch.tensor(features, dtype=dtype)
    y = torch.tensor(inputs.labels)
    n_train = len(x) - len(x) // 5
    generator = torch.Generator().manual_seed(inputs.training_seed)
    model = Classifier(inputs.hidden_size, dtype, generator)
    trained = train_model(model, x[:n_train], y[:n_train], inputs)
    evaluated = evaluate_model(model, x[n_train:], y[n_train:])
    commonest = np.bincount(inputs.labels[n_train:]).max()
    return {
        "accuracy": evaluated["accuracy"],
        "accuracy_chance": float(commonest / (len(x) - n_train)),
        "accuracy_cases": len(x) - n_train,
        "final_loss": float(trained["losses"][-1]),
    }
