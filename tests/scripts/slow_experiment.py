"""Tell textures apart: hand-made features, a small network, and an honest amount of waiting.

usage: python slow_experiment.py --samples 300 --epochs 12
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
    image = np.zeros((IMAGE_SIZE, IMAGE_SIZE))
    for y in range(IMAGE_SIZE):
        for x in range(IMAGE_SIZE):
            along = x * math.cos(angle) + y * math.sin(angle)
            image[y, x] = math.sin(2 * math.pi * along / period + phase)
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
        for i in range(self.n_samples):
            label = i % N_CLASSES
            self.images.append(make_image(label))
            self.labels.append(label)
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


class FeatureExtractor:
    """Turn images into rows of numbers."""

    def __init__(self, n_bands=N_BANDS, n_bins=N_BINS):
        self.n_bands = n_bands
        self.n_bins = n_bins

    def extract(self, images):
        """Return one row of features for each image."""
        statistics = self.compute_statistics(images)
        gradients = self.compute_gradients(images)
        spectrum = self.compute_spectrum(images)
        texture = self.compute_texture(images)
        rows = []
        for i in range(len(images)):
            rows.append(statistics[i] + gradients[i] + spectrum[i] + texture[i])
        return np.array(rows)

    def compute_statistics(self, images):
        """Mean, standard deviation, smallest and largest value of each row of each image."""
        found = []
        for image in images:
            row = []
            for y in range(IMAGE_SIZE):
                total = 0.0
                for x in range(IMAGE_SIZE):
                    total += image[y, x]
                mean = total / IMAGE_SIZE
                squares = 0.0
                smallest, largest = image[y, 0], image[y, 0]
                for x in range(IMAGE_SIZE):
                    squares += (image[y, x] - mean) ** 2
                    smallest = min(smallest, image[y, x])
                    largest = max(largest, image[y, x])
                std = math.sqrt(squares / (IMAGE_SIZE - 1))
                row += [mean, std, smallest, largest]
            found.append(row)
        return found

    def compute_gradients(self, images):
        """Histogram of the directions of the gradient, weighted by its strength."""
        found = []
        for image in images:
            histogram = [0.0] * self.n_bins
            for y in range(1, IMAGE_SIZE - 1):
                for x in range(1, IMAGE_SIZE - 1):
                    dx = (image[y, x + 1] - image[y, x - 1]) / 2
                    dy = (image[y + 1, x] - image[y - 1, x]) / 2
                    strength = math.sqrt(dx * dx + dy * dy)
                    angle = math.atan2(dy, dx) + math.pi
                    bin_index = int(angle / (2 * math.pi) * self.n_bins)
                    if bin_index == self.n_bins:
                        bin_index = 0
                    histogram[bin_index] += strength
            total = sum(histogram) + 1e-9
            found.append([value / total for value in histogram])
        return found

    def compute_spectrum(self, images):
        """Energy in rings of the two-dimensional spectrum."""
        found = []
        half = IMAGE_SIZE // 2
        for image in images:
            energy = [0.0] * self.n_bands
            power = np.abs(np.fft.fft2(image)) ** 2
            for v in range(IMAGE_SIZE):
                for u in range(IMAGE_SIZE):
                    fy = v if v <= half else v - IMAGE_SIZE
                    fx = u if u <= half else u - IMAGE_SIZE
                    radius = math.sqrt(fy * fy + fx * fx)
                    band = int(radius / (half * math.sqrt(2) + 1e-9) * self.n_bands)
                    energy[band] += power[v, u]
            found.append([math.log1p(value) for value in energy])
        return found

    def compute_texture(self, images):
        """How alike an image is to itself some pixels further."""
        found = []
        for image in images:
            row = []
            for shift in (1, 2, 3, 4):
                across, down, n = 0.0, 0.0, 0
                for y in range(IMAGE_SIZE - shift):
                    for x in range(IMAGE_SIZE - shift):
                        across += image[y, x] * image[y, x + shift]
                        down += image[y, x] * image[y + shift, x]
                        n += 1
                row += [across / n, down / n]
            found.append(row)
        return found


def standardise(train, test):
    """Scale all features by the training part's mean and standard deviation."""
    scaled_train, scaled_test = train.copy(), test.copy()
    for column in range(train.shape[1]):
        mean = np.mean(train[:, column])
        std = np.std(train[:, column]) + 1e-8
        for i in range(train.shape[0]):
            scaled_train[i, column] = (train[i, column] - mean) / std
        for i in range(test.shape[0]):
            scaled_test[i, column] = (test[i, column] - mean) / std
    return scaled_train, scaled_test


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
    """Train with full batches, one sample at a time; returns the loss of each epoch."""
    velocity = [torch.zeros_like(p) for p in model.parameters()]
    criterion = nn.CrossEntropyLoss()
    history = []
    for epoch in range(epochs):
        start = time.time()
        model.zero_grad()
        total = 0.0
        for i in range(len(features)):
            x = torch.tensor(features[i]).unsqueeze(0)
            y = torch.tensor([labels[i]])
            loss = criterion(model(x), y) / len(features)
            loss.backward()
            total += loss.item()
        with torch.no_grad():
            for p, v in zip(model.parameters(), velocity, strict=True):
                v.mul_(0.9).add_(p.grad)
                p.sub_(lr * v)
        history.append(total)
        if epoch % 4 == 0:
            print(f"epoch {epoch:3d}: loss {total:.4f} ({time.time() - start:.3f} s)")
    return history


def evaluate(model, features, labels):
    """Return the share that is right, and a confusion matrix."""
    confusion = np.zeros((N_CLASSES, N_CLASSES), dtype=int)
    correct = 0
    with torch.no_grad():
        for i in range(len(features)):
            x = torch.tensor(features[i]).unsqueeze(0)
            prediction = int(torch.argmax(model(x), dim=1).item())
            confusion[labels[i], prediction] += 1
            if prediction == labels[i]:
                correct += 1
    return correct / len(features), confusion


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
    extractor = FeatureExtractor()
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
