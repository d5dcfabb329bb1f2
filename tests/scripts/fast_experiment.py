"""Tell textures apart: the same features and the same network as slow_experiment.py, in whole arrays.

usage: python fast_experiment.py --samples 300 --epochs 12
"""

import argparse
import math
import random
import time

import numpy as np
import torch
from torch import nn

N_CLASSES = 4
IMAGE_SIZE = 16
N_BANDS = 6
N_BINS = 8


def set_seeds(seed):
    """Make everything repeatable."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


# ----------------------------------------------------------------------------
# data
# ----------------------------------------------------------------------------


def make_image(label):
    """Draw one noisy texture: stripes whose direction and spacing tell the class."""
    angle = label * math.pi / N_CLASSES
    period = 3.0 + label
    phase = random.random() * 2 * math.pi
    y, x = np.mgrid[0:IMAGE_SIZE, 0:IMAGE_SIZE]
    along = x * math.cos(angle) + y * math.sin(angle)
    image = np.sin(2 * math.pi * along / period + phase)
    return image + 1.6 * np.random.randn(IMAGE_SIZE, IMAGE_SIZE)


class Dataset:
    """Images with their labels, cut into two parts."""

    def __init__(self, n_samples, train_share=0.75):
        self.n_samples = n_samples
        self.train_share = train_share
        self.images = []
        self.labels = []

    def generate(self):
        """Fill the data set."""
        self.labels = [i % N_CLASSES for i in range(self.n_samples)]
        self.images = [make_image(label) for label in self.labels]
        return len(self.images)

    def split(self):
        """Return the indices of the training and of the test part."""
        order = list(range(self.n_samples))
        random.shuffle(order)
        cut = int(self.n_samples * self.train_share)
        return order[:cut], order[cut:]

    def __len__(self):
        return len(self.images)


# ----------------------------------------------------------------------------
# features
# ----------------------------------------------------------------------------


class ImageFeatures:
    """Turn images into rows of numbers, all images at once."""

    def __init__(self, n_bands=N_BANDS, n_bins=N_BINS):
        self.n_bands = n_bands
        self.n_bins = n_bins

    def extract(self, images):
        """Return one row of features for each image."""
        return np.hstack(
            [
                self.compute_statistics(images),
                self.direction_histogram(images),
                self.band_energy(images),
                self.compute_texture(images),
            ]
        )

    def compute_statistics(self, images):
        """Mean, standard deviation, smallest and largest value of each row of each image."""
        images = np.asarray(images)
        found = [images.mean(axis=2), images.std(axis=2), images.min(axis=2), images.max(axis=2)]
        return np.stack(found, axis=2).reshape(len(images), -1)

    def direction_histogram(self, images):
        """Histogram of the directions of the gradient, weighted by its strength."""
        images = np.asarray(images)
        dx = (images[:, 1:-1, 2:] - images[:, 1:-1, :-2]) / 2
        dy = (images[:, 2:, 1:-1] - images[:, :-2, 1:-1]) / 2
        strength = np.sqrt(dx * dx + dy * dy)
        bin_index = ((np.arctan2(dy, dx) + math.pi) / (2 * math.pi) * self.n_bins).astype(int) % self.n_bins
        bin_index += np.arange(len(images))[:, None, None] * self.n_bins
        histogram = np.bincount(bin_index.ravel(), strength.ravel(), len(images) * self.n_bins)
        histogram = histogram.reshape(len(images), self.n_bins)
        return histogram / (histogram.sum(axis=1, keepdims=True) + 1e-9)

    def band_energy(self, images):
        """Energy in rings of the two-dimensional spectrum."""
        half = IMAGE_SIZE // 2
        frequency = np.arange(IMAGE_SIZE)
        frequency[half + 1 :] -= IMAGE_SIZE
        radius = np.sqrt(frequency[:, None] ** 2 + frequency[None, :] ** 2)
        band = (radius / (half * math.sqrt(2) + 1e-9) * self.n_bands).astype(int)
        power = np.abs(np.fft.fft2(np.asarray(images))) ** 2
        energy = [power[:, band == one].sum(axis=1) for one in range(self.n_bands)]
        return np.log1p(np.stack(energy, axis=1))

    def compute_texture(self, images):
        """How alike an image is to itself some pixels further."""
        images = np.asarray(images)
        found = []
        for shift in (1, 2, 3, 4):
            corner = images[:, :-shift, :-shift]
            found.append((corner * images[:, :-shift, shift:]).mean(axis=(1, 2)))
            found.append((corner * images[:, shift:, :-shift]).mean(axis=(1, 2)))
        return np.stack(found, axis=1)


def standardise(train, test):
    """Scale all features by the training part's mean and standard deviation."""
    mean, std = train.mean(axis=0), train.std(axis=0) + 1e-8
    return (train - mean) / std, (test - mean) / std


# ----------------------------------------------------------------------------
# model
# ----------------------------------------------------------------------------


class Classifier(nn.Module):
    """Two layers are enough for stripes."""

    def __init__(self, n_features, n_hidden=24):
        super().__init__()
        self.hidden = nn.Linear(n_features, n_hidden)
        self.output = nn.Linear(n_hidden, N_CLASSES)

    def forward(self, x):
        return self.output(torch.tanh(self.hidden(x)))


def train_model(model, features, labels, epochs, lr):
    """Train with full batches; returns the loss of each epoch."""
    velocity = [torch.zeros_like(p) for p in model.parameters()]
    criterion = nn.CrossEntropyLoss()
    x, y = torch.from_numpy(features), torch.from_numpy(labels)
    history = []
    for epoch in range(epochs):
        start = time.time()
        model.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        with torch.no_grad():
            for p, v in zip(model.parameters(), velocity, strict=True):
                v.mul_(0.9).add_(p.grad)
                p.sub_(lr * v)
        history.append(loss.item())
        if epoch % 4 == 0:
            print(f"epoch {epoch:3d}: loss {history[-1]:.4f} ({time.time() - start:.3f} s)")
    return history


def evaluate(model, features, labels):
    """Return the share that is right, and a confusion matrix."""
    confusion = np.zeros((N_CLASSES, N_CLASSES), dtype=int)
    with torch.no_grad():
        predictions = torch.argmax(model(torch.from_numpy(features)), dim=1).numpy()
    np.add.at(confusion, (labels, predictions), 1)
    return float((predictions == labels).mean()), confusion


# ----------------------------------------------------------------------------
# the experiment
# ----------------------------------------------------------------------------


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(description="classify textures")
    parser.add_argument("--samples", type=int, default=240)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=42)
    args = parser.parse_args()
    if args.samples < 2 * N_CLASSES:
        parser.error(f"--samples is at least {2 * N_CLASSES}")
    return args


def run_experiment():
    """Do it all."""
    args = parse_arguments()
    set_seeds(args.seed)
    torch.set_default_dtype(torch.float64)
    print("=" * 60)
    print(f"Texture experiment: {args.samples} samples, {args.epochs} epochs")
    print("=" * 60)
    begin = time.time()

    start = time.time()
    dataset = Dataset(args.samples)
    dataset.generate()
    train_index, test_index = dataset.split()
    print(f"Data generated in {time.time() - start:.2f} s")

    start = time.time()
    extractor = ImageFeatures()
    features = extractor.extract(dataset.images)
    print(f"Features extracted in {time.time() - start:.2f}s, shape {features.shape}")

    labels = np.array(dataset.labels)
    train_x, test_x = standardise(features[train_index], features[test_index])
    model = Classifier(features.shape[1])
    start = time.time()
    history = train_model(model, train_x, labels[train_index], args.epochs, args.lr)
    print(f"Training took: {time.time() - start:.2f} seconds, final loss {history[-1]:.4f}")

    accuracy, confusion = evaluate(model, test_x, labels[test_index])
    print(f"Test accuracy: {accuracy:.3f}")
    print(confusion)
    print(f"Total time: {time.time() - begin:.2f} s")


if __name__ == "__main__":
    run_experiment()
