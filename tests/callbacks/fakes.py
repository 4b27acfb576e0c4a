"""A stand-in for a model: what callbacks touch, and a record of what they did."""

from kinema import optimizers


class FakeModel:
    def __init__(self, optimizer=None, metrics=()):
        self.optimizer = optimizer or optimizers.SGD(0.5)
        self.metrics = list(metrics)
        self.stop_training = False
        self.history = None
        self.weights = 0
        self.saved = []

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights

    def save(self, path, overwrite=True):
        self.saved.append(path)

    def save_weights(self, path, overwrite=True):
        self.saved.append(path)


def run(callback, values, model=None, name="val_loss"):
    """Passes one epoch per value to a callback; weights are the number of the epoch. Gives the epochs that ran."""
    model = model or FakeModel()
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        callback.on_epoch_begin(epoch)
        model.weights = epoch
        callback.on_epoch_end(epoch, {"loss": 1.0, name: value})
        if model.stop_training:
            break
    callback.on_train_end()
    return epoch + 1
