"""Train a small classifier on images: the baseline's mathematics, many images, pixels and pairs at a time.

Images are worked on in blocks that stay in the processor's cache. The network is so small that a framework's
cost per operation would be most of its time, so its forward pass, backward pass and Adam are written out in
NumPy, into arrays that are made once.
"""

import math
from typing import Any, Protocol

import numpy as np
import scipy.fft
import torch
from numpy.typing import NDArray

from perfkit import stage

IMAGE_SIZE = 28
N_PIXELS = IMAGE_SIZE * IMAGE_SIZE
N_CLASSES = 10
N_FEATURES = 13
NOISE_LEVEL = 0.08
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8  # Adam's, as torch.optim.Adam has them
IMAGES_A_BLOCK = 125  # 0.8 MB of float64
POINTS_A_TILE = 120  # 120 x 15 by 15 x 120: too small for BLAS to start threads, which would cost more
TOO_CLOSE = 1e-6  # below this share of the squared norms, a squared distance loses digits in a matrix product

Doubles = NDArray[np.float64]
Floats = NDArray[Any]  # float32 or float64, as the training computes


class Inputs(Protocol):
    """What the baseline's ``make_inputs`` returns."""

    images: Doubles
    labels: NDArray[np.int64]
    augment_seed: int
    training_seed: int
    hidden_size: int
    epochs: int
    batch_size: int
    learning_rate: float
    dtype: str


# ---------------------------------------------------------------- features


def blocks(n_images: int) -> list[slice]:
    """Return slices of a block's size that cover `n_images`."""
    return [slice(start, start + IMAGES_A_BLOCK) for start in range(0, n_images, IMAGES_A_BLOCK)]


@stage("augment")
def augment(images: Doubles, seed: int) -> Doubles:
    """Mirror about half of the images and add noise to all, shape ``(n, 28, 28)``."""
    flip_seed, noise_seed = np.random.SeedSequence(seed).spawn(2)
    flipped = np.random.default_rng(flip_seed).random(len(images)) < 0.5  # noqa: PLR2004
    noise_rng = np.random.default_rng(noise_seed)
    augmented = np.empty(images.shape)
    for rows in blocks(len(images)):
        # The same numbers as image by image: a generator's stream does not depend on the size of the draws.
        block = noise_rng.random(out=augmented[rows])
        block *= 2 * NOISE_LEVEL
        block -= NOISE_LEVEL
        mirrored = images[rows].copy()
        mirrored[flipped[rows]] = mirrored[flipped[rows], :, ::-1]
        block += mirrored
    return augmented


@stage("statistical")
def statistical_features(data: Doubles) -> Doubles:
    """Mean, standard deviation, minimum, maximum and median of each image, shape ``(n, 5)``."""
    features = np.empty((len(data), 5))
    middle = N_PIXELS // 2
    for rows in blocks(len(data)):
        pixels = data[rows].reshape(-1, N_PIXELS)
        mean = pixels.mean(axis=1)
        scratch = pixels - mean[:, None]
        deviation = np.sqrt(np.einsum("ij,ij->i", scratch, scratch) / N_PIXELS)
        # Partitioned at the middle, each half holds one extreme and one of the two values around the median.
        np.copyto(scratch, pixels)
        scratch.partition(middle, axis=1)
        lower, upper = scratch[:, :middle], scratch[:, middle:]
        median = (lower.max(axis=1) + upper[:, 0]) / 2
        features[rows] = np.column_stack([mean, deviation, lower.min(axis=1), upper.max(axis=1), median])
    return features


@stage("gradient")
def gradient_features(data: Doubles) -> Doubles:
    """Mean and greatest difference of horizontal and of vertical neighbours, shape ``(n, 4)``."""
    features = np.empty((len(data), 4))
    for rows in blocks(len(data)):
        block = data[rows]
        here, right, below = block[:, :-1, :-1], block[:, :-1, 1:], block[:, 1:, :-1]
        for column, neighbour in enumerate((right, below)):
            difference = (neighbour - here).reshape(len(block), -1)
            np.abs(difference, out=difference)
            features[rows, column] = difference.mean(axis=1)
            features[rows, column + 2] = difference.max(axis=1)
    return features


@stage("frequency")
def frequency_features(data: Doubles) -> Doubles:
    """Shares of low, middle and high frequencies in the power, and the mean frequency, shape ``(n, 4)``."""
    frequency_y = np.fft.fftfreq(IMAGE_SIZE) * IMAGE_SIZE
    frequency_x = np.fft.rfftfreq(IMAGE_SIZE) * IMAGE_SIZE
    radius = np.sqrt(frequency_y[:, None] ** 2 + frequency_x[None, :] ** 2)
    # A real image's spectrum is symmetric: half of it is computed, and all but the first and the last of its
    # columns count twice. Every feature is a weighted sum of the power: one matrix product gives them all.
    twice = np.where((frequency_x > 0) & (frequency_x < IMAGE_SIZE / 2), 2.0, 1.0)
    bands = [(radius > 0) & (radius <= 4), (radius > 4) & (radius <= 8), radius > 8, radius]  # noqa: PLR2004
    weights = np.stack([(band * twice).ravel() for band in bands], axis=1)
    features = np.empty((len(data), 4))
    for rows in blocks(len(data)):
        spectrum = scipy.fft.rfft2(data[rows])
        parts = spectrum.view(np.float64)
        parts *= parts
        power = parts[..., 0::2] + parts[..., 1::2]
        sums = power.reshape(len(power), -1) @ weights
        features[rows] = sums / sums[:, :3].sum(axis=1, keepdims=True)
    return features


def mean_distances(points: Doubles) -> Doubles:
    """Return the mean Euclidean distance of each point to all others, shape ``(n,)``."""
    n_points = len(points)
    norms = np.einsum("ij,ij->i", points, points)
    ones = np.ones(n_points)
    # (-2a, |a|^2, 1) . (b, 1, |b|^2) = |a - b|^2. Its error is absolute, so it is exact enough except for
    # points that are close: those, and a point and itself, are computed again from their differences.
    left = np.column_stack([-2.0 * points, norms, ones])
    right = np.ascontiguousarray(np.column_stack([points, ones, norms]).T)
    too_close = TOO_CLOSE * norms.max()
    total = np.zeros(n_points)
    for top in range(0, n_points, POINTS_A_TILE):
        bottom = top + POINTS_A_TILE
        for start in range(top, n_points, POINTS_A_TILE):  # a tile below the diagonal mirrors one above it
            end = start + POINTS_A_TILE
            squared = left[top:bottom] @ right[:, start:end]
            if squared.min() < too_close:
                i, j = np.nonzero(squared < too_close)
                squared[i, j] = ((points[top + i] - points[start + j]) ** 2).sum(axis=1)
            distance = np.sqrt(squared, out=squared)
            total[top:bottom] += distance.sum(axis=1)
            if start > top:
                total[start:end] += distance.sum(axis=0)
    return total / (n_points - 1)


@stage("normalise")
def normalise(features: Doubles) -> Doubles:
    """Standardise the columns, then divide each row by its mean distance to all others, shape ``(n, 13)``."""
    standardised = (features - features.mean(axis=0)) / features.std(axis=0)
    normalised: Doubles = standardised / mean_distances(standardised)[:, None]
    return normalised


@stage("feature_extraction")
def extract_features(images: Doubles, augment_seed: int) -> Doubles:
    """Return the 13 normalised features of each augmented image, shape ``(n, 13)``."""
    data = augment(images, augment_seed)
    features = np.hstack([statistical_features(data), gradient_features(data), frequency_features(data)])
    return normalise(features)


# ---------------------------------------------------------------- model


class Classifier:
    """13 features, one hidden layer with the custom activation, 10 classes.

    All parameters lie in one flat array, so that Adam updates them together. A layer's weights and bias are
    one matrix, ``(inputs + 1, outputs)``, whose last row is the bias, met by a last input that is always 1.
    """

    def __init__(self, hidden_size: int, dtype: str, generator: torch.Generator) -> None:
        shapes = (N_FEATURES, hidden_size), (hidden_size, N_CLASSES)
        self.size = sum((n_inputs + 1) * n_outputs for n_inputs, n_outputs in shapes)
        self.split = (N_FEATURES + 1) * hidden_size
        self.hidden_size = hidden_size
        self.parameters = np.zeros(self.size, dtype=dtype)
        self.hidden, self.output = self.layers(self.parameters)
        for layer in (self.hidden, self.output):
            n_inputs, n_outputs = layer.shape[0] - 1, layer.shape[1]
            bound = math.sqrt(6.0 / (n_inputs + n_outputs))  # Xavier's
            weight = torch.empty(n_outputs, n_inputs, dtype=getattr(torch, dtype))
            layer[:-1] = weight.uniform_(-bound, bound, generator=generator).numpy().T

    def layers(self, flat: Floats) -> tuple[Floats, Floats]:
        """View a flat array of the parameters' size as the two layers' matrices."""
        hidden = flat[: self.split].reshape(N_FEATURES + 1, self.hidden_size)
        return hidden, flat[self.split :].reshape(self.hidden_size + 1, N_CLASSES)

    def state(self) -> dict[str, torch.Tensor]:
        """Return copies of the parameters under the names and in the shapes of a torch module."""
        state = {}
        for name, layer in (("hidden", self.hidden), ("output", self.output)):
            state[f"{name}.weight"] = torch.from_numpy(layer[:-1].T.copy())
            state[f"{name}.bias"] = torch.from_numpy(layer[-1].copy())
        return state


def with_ones(x: Floats) -> Floats:
    """Append the column of ones that multiplies a layer's biases, shape ``(n, columns + 1)``."""
    return np.column_stack([x, np.ones(len(x), dtype=x.dtype)])


def custom_activation(x: Floats) -> Floats:
    """0.9 x + 0.1 tanh(x) where x is positive, 0.5 tanh(x) elsewhere; shape as `x`."""
    tanh = np.tanh(x)
    return np.where(x > 0, 0.9 * x + 0.1 * tanh, 0.5 * tanh)


class Step:
    """Forward and backward pass of one batch, in arrays that are made once for each batch size."""

    def __init__(self, model: Classifier, gradient: Floats, batch_size: int) -> None:
        dtype = model.parameters.dtype
        self.model = model
        self.hidden_gradient, self.output_gradient = model.layers(gradient)
        shape = batch_size, model.hidden_size
        self.before, self.tanh, self.slope, self.scale = (np.empty(shape, dtype) for _ in range(4))
        self.backward = np.empty(shape, dtype)
        self.positive = np.empty(shape, bool)
        self.after = np.ones((batch_size, model.hidden_size + 1), dtype)
        self.activated = self.after[:, :-1]
        self.softmax = np.empty((batch_size, N_CLASSES), dtype)

    def __call__(self, x: Floats, target: Floats, logits: Floats) -> None:
        """Fill `logits` and the gradient of the mean cross entropy.

        Parameters
        ----------
        x
            A batch with its column of ones, shape ``(batch, 14)``.
        target
            One-hot classes, shape ``(batch, 10)``.
        logits
            Where to write the logits, shape ``(batch, 10)``.
        """
        before, tanh, slope, scale, backward = self.before, self.tanh, self.slope, self.scale, self.backward
        np.matmul(x, self.model.hidden, out=before)
        np.tanh(before, out=tanh)
        np.greater(before, 0.0, out=self.positive)
        # slope: 0.9 where positive, else 0; scale: 0.1 where positive, else 0.5
        np.multiply(self.positive, 0.9, out=slope, dtype=slope.dtype)
        np.multiply(self.positive, -0.4, out=scale, dtype=scale.dtype)
        scale += 0.5
        before *= slope
        np.multiply(scale, tanh, out=self.activated)
        np.add(self.activated, before, out=self.activated)
        np.matmul(self.after, self.model.output, out=logits)

        softmax = self.softmax
        np.subtract(logits, logits.max(axis=1, keepdims=True), out=softmax)
        np.exp(softmax, out=softmax)
        softmax /= softmax.sum(axis=1, keepdims=True)
        softmax -= target
        softmax /= len(x)
        np.matmul(self.after.T, softmax, out=self.output_gradient)

        # The activation's derivative: slope + scale (1 - tanh^2)
        np.matmul(softmax, self.model.output[:-1].T, out=backward)
        tanh *= tanh
        np.subtract(1.0, tanh, out=tanh)
        tanh *= scale
        tanh += slope
        backward *= tanh
        np.matmul(x.T, backward, out=self.hidden_gradient)


class Adam:
    """torch.optim.Adam's update of one flat array of parameters."""

    def __init__(self, parameters: Floats, gradient: Floats, learning_rate: float) -> None:
        self.parameters = parameters
        self.gradient = gradient
        self.learning_rate = learning_rate
        self.mean = np.zeros_like(parameters)
        self.square = np.zeros_like(parameters)
        self.scratch = np.empty_like(parameters)
        self.steps = 0

    def step(self) -> None:
        """Move the parameters against the gradient."""
        self.steps += 1
        scratch, mean, square = self.scratch, self.mean, self.square
        np.subtract(self.gradient, mean, out=scratch)
        scratch *= 1 - BETA_1
        mean += scratch
        np.multiply(self.gradient, self.gradient, out=scratch)
        scratch *= 1 - BETA_2
        square *= BETA_2
        square += scratch
        np.sqrt(square, out=scratch)
        scratch /= math.sqrt(1 - BETA_2**self.steps)
        scratch += EPSILON
        np.divide(mean, scratch, out=scratch)
        scratch *= self.learning_rate / (1 - BETA_1**self.steps)
        self.parameters -= scratch


def mean_cross_entropy(logits: Floats, labels: NDArray[np.int64]) -> Floats:
    """Return each batch's mean cross entropy, from logits ``(batches, batch, 10)``, shape ``(batches,)``."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=-1))
    chosen = np.take_along_axis(shifted, labels[..., None], axis=-1)[..., 0]
    losses: Floats = (log_sum - chosen).mean(axis=-1)
    return losses


@stage("model_training")
def train_model(model: Classifier, x: Floats, y: NDArray[np.int64], inputs: Inputs) -> dict[str, Any]:
    """Train `model` in place with Adam on shuffled mini-batches.

    Returns
    -------
    dict
        ``losses``, float64, shape ``(steps,)``, and ``weights``, the model's state.
    """
    shuffler = torch.Generator().manual_seed(inputs.training_seed + 1)
    n_train, batch_size = len(x), inputs.batch_size
    gradient = np.empty_like(model.parameters)
    optimiser = Adam(model.parameters, gradient, inputs.learning_rate)
    whole, rest = divmod(n_train, batch_size)
    step_whole, step_rest = Step(model, gradient, batch_size), Step(model, gradient, rest)
    targets = np.eye(N_CLASSES, dtype=x.dtype)[y]
    x = with_ones(x)
    logits = np.empty((n_train, N_CLASSES), dtype=x.dtype)
    losses = []
    for _ in range(inputs.epochs):
        order = torch.randperm(n_train, generator=shuffler).numpy()
        x_epoch, target_epoch = x[order], targets[order]
        for start in range(0, n_train, batch_size):
            rows = slice(start, start + batch_size)
            step = step_whole if start + batch_size <= n_train else step_rest
            step(x_epoch[rows], target_epoch[rows], logits[rows])
            optimiser.step()
        # No step needs its loss: an epoch's are computed together.
        cut = whole * batch_size
        y_epoch = y[order]
        batches = logits[:cut].reshape(whole, batch_size, N_CLASSES)
        losses.append(mean_cross_entropy(batches, y_epoch[:cut].reshape(whole, batch_size)))
        if rest:
            losses.append(mean_cross_entropy(logits[None, cut:], y_epoch[None, cut:]))
    return {"losses": np.concatenate(losses).astype(np.float64), "weights": model.state()}


@stage("model_evaluation")
def evaluate_model(model: Classifier, x: Floats, y: NDArray[np.int64]) -> dict[str, Any]:
    """Return ``logits`` (m, 10), ``predictions`` (m,) and the ``accuracy`` on the test set."""
    logits = with_ones(custom_activation(with_ones(x) @ model.hidden)) @ model.output
    predictions = logits.argmax(axis=1)
    accuracy = int((predictions == y).sum()) / len(y)
    return {
        "logits": torch.from_numpy(logits),
        "predictions": torch.from_numpy(predictions),
        "accuracy": accuracy,
    }


def run(inputs: Inputs) -> dict[str, Any]:
    """Extract features, train on four fifths of the samples, evaluate on the last fifth.

    Parameters
    ----------
    inputs
        From the baseline's ``make_inputs``.

    Returns
    -------
    dict
        ``accuracy`` on the test set, ``accuracy_chance`` (that of always guessing the commonest test class),
        ``accuracy_cases`` (how many samples that is),
        ``final_loss`` (the last step's), all float.
    """
    x = extract_features(inputs.images, inputs.augment_seed).astype(inputs.dtype)
    y = inputs.labels
    n_train = len(x) - len(x) // 5
    generator = torch.Generator().manual_seed(inputs.training_seed)
    model = Classifier(inputs.hidden_size, inputs.dtype, generator)
    trained = train_model(model, x[:n_train], y[:n_train], inputs)
    evaluated = evaluate_model(model, x[n_train:], y[n_train:])
    commonest = np.bincount(y[n_train:]).max()
    return {
        "accuracy": evaluated["accuracy"],
        "accuracy_chance": float(commonest / (len(x) - n_train)),
        "accuracy_cases": len(x) - n_train,
        "final_loss": float(trained["losses"][-1]),
    }
