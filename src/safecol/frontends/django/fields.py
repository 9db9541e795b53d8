"""A call of a field's class comes in as a value; a field, with the class of Django that it is, goes out."""

from collections.abc import Callable

from safecol.frontends.django.values import Field
from safecol.frontends.python.values import Made, Value

KINDS = frozenset(
    {
        "AutoField", "BigAutoField", "SmallAutoField", "BigIntegerField", "BinaryField", "BooleanField", "CharField",
        "CommaSeparatedIntegerField", "CompositePrimaryKey", "DateField", "DateTimeField", "DecimalField",
        "DurationField", "EmailField", "FileField", "FilePathField", "FloatField", "ForeignKey", "GeneratedField",
        "GenericIPAddressField", "IPAddressField", "ImageField", "IntegerField", "JSONField", "ManyToManyField",
        "NullBooleanField", "OneToOneField", "PositiveBigIntegerField", "PositiveIntegerField",
        "PositiveSmallIntegerField", "SlugField", "SmallIntegerField", "TextField", "TimeField", "URLField",
        "UUIDField", "ArrayField", "HStoreField", "CICharField", "CIEmailField", "CITextField", "IntegerRangeField",
        "BigIntegerRangeField", "DecimalRangeField", "DateTimeRangeField", "DateRangeField", "SearchVectorField",
        "PointField", "LineStringField", "PolygonField", "MultiPointField", "MultiLineStringField",
        "MultiPolygonField", "GeometryField", "GeometryCollectionField", "RasterField", "OrderWrt", "SearchQueryField",
    }
)  # fmt: skip
# Fields of well-known packages: what of Django's they are, and what they say for themselves.
_OTHERS: dict[str, tuple[str, dict[str, Value]]] = {
    "adminsortable.fields.SortableForeignKey": ("ForeignKey", {}),
    "annoying.fields.AutoOneToOneField": ("OneToOneField", {}),
    "autoslug.AutoSlugField": ("SlugField", {}),
    "autoslug.fields.AutoSlugField": ("SlugField", {}),
    "bitfield.models.BitField": ("BigIntegerField", {}),
    "ckeditor.fields.RichTextField": ("TextField", {}),
    "ckeditor_uploader.fields.RichTextUploadingField": ("TextField", {}),
    "cloudinary.models.CloudinaryField": ("CharField", {"max_length": 255}),
    "cms.models.fields.PageField": ("ForeignKey", {}),
    "cms.models.fields.PlaceholderField": ("ForeignKey", {}),
    "colorfield.fields.ColorField": ("CharField", {"max_length": 25}),
    "django_ckeditor_5.fields.CKEditor5Field": ("TextField", {}),
    "django_countries.fields.CountryField": ("CharField", {"max_length": 2}),
    "django_extensions.db.fields.AutoSlugField": ("SlugField", {}),
    "django_extensions.db.fields.CreationDateTimeField": ("DateTimeField", {"auto_now_add": True}),
    "django_extensions.db.fields.json.JSONField": ("TextField", {}),
    "django_extensions.db.fields.ModificationDateTimeField": ("DateTimeField", {"auto_now": True}),
    "django_extensions.db.fields.RandomCharField": ("CharField", {}),
    "django_extensions.db.fields.ShortUUIDField": ("CharField", {"max_length": 22}),
    "django_fsm.FSMField": ("CharField", {"max_length": 50}),
    "django_fsm.FSMIntegerField": ("IntegerField", {}),
    "django_fsm.FSMKeyField": ("ForeignKey", {}),
    "django_jsonfield_backport.models.JSONField": ("JSONField", {}),
    "django_measurement.models.MeasurementField": ("FloatField", {}),
    "djmoney.models.fields.CurrencyField": ("CharField", {"max_length": 3}),
    "djmoney.models.fields.MoneyField": ("DecimalField", {}),
    "easy_thumbnails.fields.ThumbnailerImageField": ("ImageField", {}),
    "encrypted_fields.fields.EncryptedCharField": ("TextField", {}),
    "encrypted_fields.fields.EncryptedTextField": ("TextField", {}),
    "encrypted_model_fields.fields.EncryptedCharField": ("TextField", {}),
    "encrypted_model_fields.fields.EncryptedTextField": ("TextField", {}),
    "fernet_fields.fields.EncryptedCharField": ("BinaryField", {}),
    "fernet_fields.fields.EncryptedTextField": ("BinaryField", {}),
    "filer.fields.file.FilerFileField": ("ForeignKey", {}),
    "filer.fields.image.FilerImageField": ("ForeignKey", {}),
    "imagekit.models.fields.ProcessedImageField": ("ImageField", {}),
    "jsonfield.fields.JSONField": ("TextField", {}),
    "jsonfield.JSONField": ("TextField", {}),
    "localflavor.us.models.USStateField": ("CharField", {"max_length": 2}),
    "macaddress.fields.MACAddressField": ("BigIntegerField", {}),
    "markdownx.models.MarkdownxField": ("TextField", {}),
    "markupfield.fields.MarkupField": ("TextField", {}),
    "martor.models.MartorField": ("TextField", {}),
    "model_utils.fields.AutoCreatedField": ("DateTimeField", {}),
    "model_utils.fields.AutoLastModifiedField": ("DateTimeField", {}),
    "model_utils.fields.MonitorField": ("DateTimeField", {}),
    "model_utils.fields.SplitField": ("TextField", {}),
    "model_utils.fields.StatusField": ("CharField", {"max_length": 100}),
    "model_utils.fields.UrlsafeTokenField": ("CharField", {"max_length": 128}),
    "model_utils.fields.UUIDField": ("UUIDField", {}),
    "modelcluster.contrib.taggit.ClusterTaggableManager": ("TaggableManager", {}),
    "modelcluster.fields.ParentalKey": ("ForeignKey", {}),
    "modelcluster.fields.ParentalManyToManyField": ("ManyToManyField", {}),
    "mptt.fields.TreeForeignKey": ("ForeignKey", {}),
    "mptt.fields.TreeManyToManyField": ("ManyToManyField", {}),
    "mptt.fields.TreeOneToOneField": ("OneToOneField", {}),
    "multiselectfield.db.fields.MultiSelectField": ("CharField", {"max_length": 200}),
    "netfields.fields.InetAddressField": ("GenericIPAddressField", {}),
    "oauth2_provider.models.ClientSecretField": ("CharField", {}),
    "ordered_model.fields.OrderWithRespectToField": ("PositiveIntegerField", {}),
    "phonenumber_field.modelfields.PhoneNumberField": ("CharField", {"max_length": 128}),
    "picklefield.fields.PickledObjectField": ("TextField", {}),
    "positions.fields.PositionField": ("IntegerField", {}),
    "private_storage.fields.PrivateFileField": ("FileField", {}),
    "recurrence.fields.RecurrenceField": ("TextField", {}),
    "relativedeltafield.fields.RelativeDeltaField": ("DurationField", {}),
    "s3direct.fields.S3DirectField": ("TextField", {}),
    "shortuuid.django_fields.ShortUUIDField": ("CharField", {}),
    "simple_history.models.HistoricForeignKey": ("ForeignKey", {}),
    "smart_selects.db_fields.ChainedForeignKey": ("ForeignKey", {}),
    "smart_selects.db_fields.GroupedForeignKey": ("ForeignKey", {}),
    "sorl.thumbnail.fields.ImageField": ("ImageField", {}),
    "sortedm2m.fields.SortedManyToManyField": ("ManyToManyField", {}),
    "stdimage.models.StdImageField": ("ImageField", {}),
    "swapper.SwappableForeignKey": ("ForeignKey", {}),
    "taggit.managers.TaggableManager": ("TaggableManager", {}),
    "thumbnails.fields.ImageField": ("ImageField", {}),
    "timezone_field.fields.TimeZoneField": ("CharField", {"max_length": 63}),
    "timezone_field.TimeZoneField": ("CharField", {"max_length": 63}),
    "tinymce.models.HTMLField": ("TextField", {}),
    "ulid.models.ULIDField": ("UUIDField", {}),
    "versatileimagefield.fields.PPOIField": ("CharField", {"max_length": 20}),
    "versatileimagefield.fields.VersatileImageField": ("ImageField", {}),
    "wagtail.blocks.StreamField": ("JSONField", {}),
    "wagtail.core.fields.RichTextField": ("TextField", {}),
    "wagtail.core.fields.StreamField": ("TextField", {}),
    "wagtail.fields.RichTextField": ("TextField", {}),
    "wagtail.fields.StreamField": ("JSONField", {}),
    "wagtail.images.models.WagtailImageField": ("ImageField", {}),
    "wagtail.wagtailcore.fields.RichTextField": ("TextField", {}),
    "wagtail.wagtailcore.fields.StreamField": ("TextField", {}),
}

Base = Callable[[str], "tuple[str, dict[str, Value]] | None"]
"""For the path of a class of the project: the path of its base and the options that it sets itself; None: unknown."""


def nobody(_path: str) -> None:
    """The bases of a project without classes of its own."""


def field_of(value: Made, base: Base = nobody) -> Field:
    """The field that a call of its class makes; its `kind` is empty when the class is not known."""
    kind, given = kind_of(value.path, base)
    options = {**given, **value.keywords} if given else dict(value.keywords)
    return Field(kind, value.path, value.arguments, options, value.span)


def kind_of(path: str, base: Base = nobody) -> tuple[str, dict[str, Value]]:
    """The class of Django that a class of fields is, and options that it sets."""
    given: dict[str, Value] = {}
    for _ in range(8):  # classes deep
        name = path.rpartition(".")[2]
        if path.startswith("django.") and name in KINDS:
            return name, given
        if path in _OTHERS:
            kind, more = _OTHERS[path]
            return kind, {**more, **given}
        found = base(path)
        if found is None:
            return "", given
        path, more = found
        given = {**more, **given}
    return "", given
