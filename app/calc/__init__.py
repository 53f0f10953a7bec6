"""Pure computation: numbers in, frozen dataclasses out; imports nothing else of the application."""
